"""`histograms.hlog`: the samples of the run, readable by HdrHistogram's own reader, mergeable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from harness.exceptions import ReportError
from harness.measure.records import FileRecord, Outcome
from harness.report.histograms import (
    HIGHEST_NS,
    HISTOGRAMS_NAME,
    merge,
    new_histogram,
    read_histograms,
    write_histograms,
)
from harness.report.parquet import write_files
from harness.report.stages import STAGES
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def written(folder: Path, records: Sequence[FileRecord]) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    write_files(folder / "files.parquet", records)
    write_histograms(folder)
    return read_histograms(folder)


def test_each_stage_has_the_samples_of_the_summary_to_three_digits(tmp_path):
    records = list(builders.random_records(900))
    histograms = written(tmp_path, records)
    for name, latency in builders.settlement(records).latency_ms.items():
        assert latency is not None
        assert histograms[name].get_total_count() == latency.count == 900
        assert histograms[name].get_max_value() / 1e6 == pytest.approx(latency.max, rel=1e-3)
        # The library rounds the rank to the nearest, so a neighbour may be meant.
        assert histograms[name].get_value_at_percentile(50) / 1e6 == pytest.approx(latency.p50, rel=0.02)


def test_classes_are_those_that_the_library_itself_would_use(tmp_path):
    taken_s = [0.0, 1e-6, 2e-6, 0.002047, 0.002048, 0.002049, 0.9999, 60.0, 3601.5, 86_400.0]
    records = [
        builders.record(n, started_at=builders.START + s, intended_at=builders.START)
        for n, s in enumerate(taken_s)
    ]
    expected = new_histogram()
    for each in records:
        started_us, intended_us = round((each.started_at or 0) * 1e6), round(each.intended_at * 1e6)
        expected.record_value((started_us - intended_us) * 1000)
    found = written(tmp_path, records)["lag"]
    assert list(found.counts) == list(expected.counts)


def test_a_sender_that_is_late_does_not_hide_what_a_file_had_to_wait(tmp_path):
    late = builders.record(0)
    late.started_at = late.intended_at + 5
    late.closed_at = late.intended_at + 5.02
    histograms = written(tmp_path, [late])
    assert histograms["sftp_upload"].get_max_value() / 1e9 == pytest.approx(0.02, rel=1e-3)
    assert histograms["upload_from_intended"].get_max_value() / 1e9 == pytest.approx(5.02, rel=1e-3)


def test_files_that_did_not_arrive_are_not_in_end_to_end(tmp_path):
    histograms = written(tmp_path, [builders.record(0), builders.record(1, Outcome.FAILED)])
    assert histograms["end_to_end"].get_total_count() == 1
    assert histograms["transfer"].get_total_count() == 2


def test_durations_below_zero_are_counted_as_zero_and_said(tmp_path):
    early = builders.record(0)
    early.queued_at = (early.closed_at or 0) - 0.5
    assert written(tmp_path, [early])["event_delivery"].get_max_value() == 0
    assert "#event_delivery: 1 samples below zero" in (tmp_path / HISTOGRAMS_NAME).read_text()


def test_stages_without_samples_have_no_line(tmp_path):
    assert written(tmp_path / "none", []) == {}
    assert set(written(tmp_path / "one", [builders.record(0, Outcome.NOT_STARTED)])) == set()


def test_histograms_of_two_runs_add_up(tmp_path):
    records = list(builders.random_records(300))
    whole = written(tmp_path / "whole", records)
    first, second = written(tmp_path / "a", records[:100]), written(tmp_path / "b", records[100:])
    for stage in STAGES:
        assert list(merge([first[stage.name], second[stage.name]]).counts) == list(whole[stage.name].counts)


def test_hdrhistograms_own_reader_understands_the_file(tmp_path):
    written(tmp_path, list(builders.random_records(50)))
    reader = HistogramLogReader(str(tmp_path / HISTOGRAMS_NAME), HdrHistogram(1, HIGHEST_NS, 3))
    tags = []
    with reader.input_file:
        while (histogram := reader.get_next_interval_histogram()) is not None:
            tags.append(histogram.get_tag())
    assert tags == [*(stage.name for stage in STAGES), "upload_from_intended"]


@pytest.mark.parametrize("text", ["Tag=lag,1,2\n", "Tag=lag,0.0,1.0,2.0,HISTFAAAAzp4n\n"])
def test_a_file_that_is_not_whole_is_told(tmp_path, text):
    (tmp_path / HISTOGRAMS_NAME).write_text(text)
    with pytest.raises(ReportError, match="cannot read"):
        read_histograms(tmp_path)


def test_a_folder_without_the_file_has_none(tmp_path):
    assert read_histograms(tmp_path) == {}
