"""The slowest files, read from `files.parquet` in batches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.exceptions import ReportError
from harness.measure.records import FileRecord, Outcome
from harness.report import aggregates
from harness.report.aggregates import Aggregates, longest_stage, read_aggregates
from harness.report.parquet import write_files
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def aggregate(folder: Path, records: Iterable[FileRecord]) -> Aggregates:
    write_files(folder / "files.parquet", records)
    found = read_aggregates(folder)
    assert found is not None
    return found


@pytest.mark.parametrize("rows_per_batch", [1, 7, 65_536])
def test_batches_do_not_change_the_result(tmp_path, monkeypatch, rows_per_batch):
    monkeypatch.setattr(aggregates, "ROWS_PER_BATCH", rows_per_batch)
    found = aggregate(tmp_path, builders.random_records(100))
    assert len(found.slowest) == 15
    lengths = [file.end_to_end_ms for file in found.slowest]
    assert lengths == sorted(lengths, reverse=True)


def test_only_delivered_files_count(tmp_path):
    found = aggregate(tmp_path, [builders.record(0, outcome) for outcome in Outcome])
    assert [file.key for file in found.slowest] == [builders.record(0).key]


def test_the_slowest_come_first(tmp_path):
    found = aggregate(tmp_path, [builders.took(0, 0.1), builders.took(1, 7.5), builders.took(2, 3.0)])
    assert [round(file.end_to_end_ms) for file in found.slowest] == [7500, 3000, 100]


def test_no_rows_have_no_slowest_file(tmp_path):
    found = aggregate(tmp_path, [])
    assert (found.grid, found.slowest) == (None, [])


def test_a_folder_without_rows_has_no_aggregates(tmp_path):
    assert read_aggregates(tmp_path) is None


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "files.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ReportError, match=r"files\.parquet"):
        read_aggregates(tmp_path)


def test_the_longest_stage_is_found(tmp_path):
    times = {"first_received_at": 2.0, "handler_started_at": 2.01, "handler_ended_at": 2.1}
    slow = builders.record(0)
    for name, after in times.items():
        setattr(slow, name, builders.START + after)
    (file,) = aggregate(tmp_path, [slow]).slowest
    found = longest_stage(file)
    assert found is not None
    assert found[0] == "Queue wait"
    assert found[1] == pytest.approx(1960, abs=1)


def test_text_that_is_not_unicode_does_not_cost_the_file(tmp_path):
    (file,) = aggregate(tmp_path, [builders.record(0, key="bad-\ud800.csv")]).slowest
    assert file.key == "bad-\\ud800.csv"
