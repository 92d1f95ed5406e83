"""Latency by time, stage and size, counted from `files.parquet`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.histogram import nearest_rank
from harness.measure.records import FileRecord, Outcome
from harness.report import grid
from harness.report.grid import LatencyGrid, count_latencies
from harness.report.parquet import write_files
from harness.report.stages import STAGES
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def counted(folder: Path, records: Iterable[FileRecord]) -> LatencyGrid:
    write_files(folder / "files.parquet", records)
    found = count_latencies(pq.ParquetFile(folder / "files.parquet"))
    assert found is not None
    return found


@pytest.mark.parametrize("rows_per_batch", [1, 7, 65_536])
def test_batches_do_not_change_the_result(tmp_path, monkeypatch, rows_per_batch):
    monkeypatch.setattr(grid, "ROWS_PER_BATCH", rows_per_batch)
    found = counted(tmp_path, builders.random_records(100))
    assert {stage.name: int(found.counts[stage.name].sum()) for stage in STAGES} == dict.fromkeys(
        (stage.name for stage in STAGES), 100
    )


@given(st.lists(st.floats(0.0001, 10_000), min_size=1, max_size=60))
@settings(deadline=None, max_examples=40)
def test_every_file_is_in_the_bucket_of_its_latency(tmp_path_factory, seconds):
    found = counted(
        tmp_path_factory.mktemp("rows"), [builders.took(n, each) for n, each in enumerate(seconds)]
    )
    buckets = found.buckets("end_to_end")
    assert sum(bucket.files for bucket in buckets) == len(seconds)
    assert buckets[0].from_ms <= min(seconds) * 1000 * 1.01
    assert buckets[-1].to_ms >= max(seconds) * 1000 * 0.99


@given(
    st.lists(st.floats(0.001, 1000), min_size=1, max_size=80), st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0])
)
@settings(deadline=None, max_examples=40)
def test_percentiles_are_those_of_the_files_within_their_class(tmp_path_factory, seconds, share):
    records = [builders.took(0, each) for each in seconds]
    (percentile,) = counted(tmp_path_factory.mktemp("rows"), records).percentiles_ms("end_to_end", share)
    assert percentile == pytest.approx(nearest_rank(sorted(seconds), share) * 1000, rel=0.013)


def test_a_slow_minute_is_seen_in_its_own_stretch(tmp_path):
    records = [builders.took(n, 5.0 if 120 <= n < 180 else 0.1) for n in range(300)]
    found = counted(tmp_path, records)
    p99 = found.percentiles_ms("end_to_end", 0.99)
    slow = [
        at for at, value in zip(found.middles_s(), p99, strict=True) if value is not None and value > 1000
    ]
    assert 120 <= min(slow) <= max(slow) < 180
    assert len(slow) == 60 / found.width_s


def test_a_stretch_without_files_has_no_percentile(tmp_path):
    found = counted(tmp_path, [builders.took(0, 0.1), builders.took(3600, 0.1)])
    values = found.percentiles_ms("end_to_end", 0.99)
    assert len(values) <= grid.MOST_STRETCHES + 1
    assert values[0] == values[-1] == pytest.approx(100, rel=0.013)
    assert set(values[1:-1]) == {None}


def test_zero_and_negative_latencies_are_counted_apart(tmp_path):
    found = counted(tmp_path, [builders.took(0, 0), builders.took(0, -0.5), builders.took(0, 0.1)])
    assert found.not_positive("end_to_end") == 2
    assert sum(bucket.files for bucket in found.buckets("end_to_end")) == 1
    assert found.percentiles_ms("end_to_end", 0.5) == [0.0]


def test_only_delivered_files_count_end_to_end(tmp_path):
    found = counted(tmp_path, [builders.record(0, outcome) for outcome in Outcome])
    assert int(found.counts["end_to_end"].sum()) == 1
    assert int(found.counts["transfer"].sum()) == 2


def test_counts_are_those_of_the_summary(tmp_path):
    records = [
        *builders.random_records(50),
        *(builders.record(60 + n, each) for n, each in enumerate(Outcome)),
    ]
    latency_ms = builders.settlement(records).latency_ms
    found = counted(tmp_path, records)
    for stage in STAGES:
        latency = latency_ms[stage.name]
        assert latency is not None
        assert int(found.counts[stage.name].sum()) == latency.count


def test_no_rows_have_no_grid(tmp_path):
    write_files(tmp_path / "files.parquet", [])
    assert count_latencies(pq.ParquetFile(tmp_path / "files.parquet")) is None
