"""Histogram and slowest files, read from `files.parquet` in batches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def took(sequence: int, seconds: float) -> FileRecord:
    intended_at = builders.START + sequence
    return builders.record(sequence, intended_at=intended_at, handler_ended_at=intended_at + seconds)


@pytest.mark.parametrize("rows_per_batch", [1, 7, 65_536])
def test_batches_do_not_change_the_result(tmp_path, monkeypatch, rows_per_batch):
    monkeypatch.setattr(aggregates, "ROWS_PER_BATCH", rows_per_batch)
    found = aggregate(tmp_path, builders.random_records(100))
    assert sum(bucket.files for bucket in found.buckets) == 100
    assert len(found.slowest) == 15
    lengths = [file.end_to_end_ms for file in found.slowest]
    assert lengths == sorted(lengths, reverse=True)


@given(st.lists(st.floats(0.0001, 10_000), min_size=1, max_size=60))
@settings(deadline=None, max_examples=40)
def test_every_file_is_in_the_bucket_of_its_latency(tmp_path_factory, seconds):
    found = aggregate(tmp_path_factory.mktemp("rows"), [took(n, each) for n, each in enumerate(seconds)])
    assert sum(bucket.files for bucket in found.buckets) == len(seconds)
    assert found.slowest[0].end_to_end_ms == pytest.approx(max(seconds) * 1000, abs=0.001)
    assert found.buckets[0].from_ms <= min(seconds) * 1000 * 1.01
    assert found.buckets[-1].to_ms >= max(seconds) * 1000 * 0.99


def test_zero_and_negative_latencies_are_counted_apart(tmp_path):
    found = aggregate(tmp_path, [took(0, 0), took(1, -0.5), took(2, 0.1)])
    assert found.not_positive == 2
    assert sum(bucket.files for bucket in found.buckets) == 1


def test_only_delivered_files_count(tmp_path):
    found = aggregate(tmp_path, [builders.record(0, outcome) for outcome in Outcome])
    assert [file.key for file in found.slowest] == [builders.record(0).key]


def test_no_rows_give_no_buckets(tmp_path):
    found = aggregate(tmp_path, [])
    assert (found.buckets, found.not_positive, found.slowest) == ([], 0, [])


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
