"""Sampled figures as charts: which chart, which line, which points."""

from __future__ import annotations

import pytest

from harness.measure.sampling.series import Series
from harness.report.charts.timechart import TimeChart
from harness.report.sections import sampled

pytestmark = pytest.mark.unit

START = 1_000.0


def steady(value: float, seconds: int = 60, every: int = 2) -> Series:
    at = [START + second for second in range(0, seconds, every)]
    return Series("messages", at, [value] * len(at))


def by_name(samples: dict[str, Series]) -> dict[str, TimeChart]:
    found = sampled.sampled(samples, START)
    return {chart.name: chart for section in found.values() for chart in section.charts}


def test_figures_of_a_kind_share_a_chart():
    found = by_name({"queue.dlq.depth": steady(1), "queue.work.depth": steady(3)})
    assert [line.label for line in found["sampled-queue-depth"].lines] == ["Work", "DLQ"]


def test_a_role_has_the_same_colour_in_every_chart():
    found = by_name(
        {f"lambda.{role}.{leaf}": steady(1) for role in ("a", "b") for leaf in ("concurrency", "duration")}
    )
    styles = [[line.style for line in chart.lines] for chart in found.values()]
    assert styles[0] == styles[1]
    assert len(set(styles[0])) == 2


def test_sessions_are_a_section_of_their_own():
    found = sampled.sampled({"sftp.sessions": steady(0), "queue.work.depth": steady(1)}, START)
    assert [chart.name for chart in found[sampled.SESSIONS].charts] == ["sampled-sessions"]
    assert [chart.name for chart in found[sampled.PIPELINE].charts] == ["sampled-queue-depth"]


def test_a_figure_that_no_chart_foresees_is_shown_all_the_same():
    chart = by_name({"disk.data.free": steady(7)})["sampled-disk-data-free"]
    assert (chart.title, chart.unit) == ("Disk data free", "messages")
    assert {value for value in chart.lines[0].values if value is not None} == {7}


def test_a_short_peak_is_not_averaged_away():
    series = steady(1, seconds=7200)
    peak = Series("messages", series.at, [*series.value[:100], 900.0, *series.value[101:]])
    chart = by_name({"queue.work.depth": peak})["sampled-queue-depth"]
    assert len(chart.seconds) <= 151
    assert max(value for value in chart.lines[0].values if value is not None) == 900


def test_a_time_without_an_answer_breaks_the_line():
    series = steady(1)
    heard = [
        (at, value) for at, value in zip(series.at, series.value, strict=True) if not 20 < at - START < 40
    ]
    gap = Series("messages", [at for at, _ in heard], [value for _, value in heard])
    values = by_name({"queue.work.depth": gap})["sampled-queue-depth"].lines[0].values
    assert None in values
    assert values[0] == values[-1] == 1


def test_irregular_looks_leave_no_holes():
    at = [START + look * 1.0 + (0.4 if look % 3 else 0.0) for look in range(90)]
    values = by_name({"queue.work.depth": Series("messages", at, [1.0] * 90)})["sampled-queue-depth"].lines[0]
    assert None not in values.values


def test_looks_before_the_load_are_left_out():
    early = Series("messages", [START - 30, START + 1, START + 3], [500.0, 1.0, 2.0])
    values = by_name({"queue.work.depth": early})["sampled-queue-depth"].lines[0].values
    assert 500 not in values


def test_figures_that_stayed_at_zero_need_no_line_but_a_word():
    calm = {"lambda.worker.errors": steady(0), "lambda.worker.throttles": steady(0)}
    found = sampled.sampled(calm, START)[sampled.PIPELINE]
    assert found.charts == []
    assert found.at_zero == ["Errors and throttles of functions: Worker: errors, Worker: throttled"]
    troubled = sampled.sampled({**calm, "lambda.worker.throttles": steady(2)}, START)[sampled.PIPELINE]
    assert [line.label for line in troubled.charts[0].lines] == ["Worker: throttled"]
    assert troubled.at_zero == ["Errors and throttles of functions: Worker: errors"]


def test_nothing_sampled_claims_nothing():
    for samples in ({}, {"lambda.worker.errors": Series("1/s")}):
        found = sampled.sampled(samples, START)
        assert all(not section.charts and not section.at_zero for section in found.values())
