"""Scales, ticks and lines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.resources import ResourceSample
from harness.measure.results import Timeline
from harness.report import overtime
from harness.report.charts import latency
from harness.report.charts.scales import LinearScale, LogScale, bin_width_s, clock_label, time_ticks
from harness.report.charts.timechart import Line, TimeChart

pytestmark = pytest.mark.unit


@given(st.floats(0, 1e12), st.booleans())
def test_a_linear_scale_covers_its_values_with_few_distinct_ticks(largest, whole):
    scale = LinearScale.covering(largest, whole=whole)
    assert scale.top >= largest * (1 - 1e-6)
    labels = [scale.label(tick) for tick in scale.ticks()]
    assert 2 <= len(labels) == len(set(labels)) <= 6
    assert not whole or all("." not in label for label in labels)


@given(st.lists(st.floats(-1e6, 1e8), max_size=20))
def test_a_log_scale_covers_its_positive_values(values):
    scale = LogScale.covering(values)
    assert all(0 <= scale.share(value) <= 1 for value in values)
    shares = [scale.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    labels = [LogScale.label(tick) for tick in scale.ticks()]
    assert 1 <= len(labels) == len(set(labels)) <= 12


@pytest.mark.parametrize(
    ("value", "label"), [(0.1, "0.1 ms"), (1, "1 ms"), (500, "500 ms"), (1000, "1 s"), (200_000, "200 s")]
)
def test_log_labels_have_units(value, label):
    assert LogScale.label(value) == label


@given(st.floats(0.001, 1e7), st.integers(1, 500))
def test_bins_are_no_more_than_asked_for(span_s, most):
    assert span_s / bin_width_s(span_s, most) <= most + 1e-9


@given(st.floats(0.1, 1e6))
def test_time_ticks_are_few_and_inside(span_s):
    ticks = time_ticks(span_s)
    assert ticks[0] == 0
    assert ticks[-1] <= span_s
    assert len(ticks) <= 7


@pytest.mark.parametrize(
    ("seconds", "label"), [(0, "0:00"), (59.6, "1:00"), (750, "12:30"), (12_000, "3:20:00")]
)
def test_clock_labels(seconds, label):
    assert clock_label(seconds) == label


def chart(values: Sequence[float | None]) -> TimeChart:
    at = list(range(len(values)))
    return TimeChart(
        "x", "Title", "files", "per second", max(len(values), 1), at, [Line("A", "series-a", values)]
    )


def test_a_gap_breaks_the_line():
    assert chart([1, 2, 3, None, 4, 5, 6]).svg().count("<polyline") == 2


def test_a_single_point_is_a_dot():
    assert "<circle" in chart([3]).svg()


def test_a_chart_of_nothing_has_no_data():
    assert not chart([None, None]).has_data
    assert not overtime.rate_chart(Timeline()).has_data
    assert not overtime.backlog_chart(Timeline()).has_data
    assert not overtime.cpu_chart({}, 0.0).has_data


def test_titles_are_escaped():
    made = TimeChart("x", "<b>", "files", "w", 1, [0.5], [Line("</svg>", "s", [1])]).svg()
    assert "<b>" not in made
    assert made.count("</svg>") == 2


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=2000))
def test_rates_times_their_windows_are_the_files(offered):
    zeros = [0] * len(offered)
    made = overtime.rate_chart(Timeline(0.0, 1.0, offered, zeros, zeros, zeros, zeros))
    width_s = int(re.findall(r"each (\d+) s", made.window)[0])
    values = made.lines[0].values
    widths = [min(width_s, len(offered) - index * width_s) for index in range(len(values))]
    total = sum(value * width for value, width in zip(values, widths, strict=True) if value is not None)
    assert total == pytest.approx(sum(offered))
    assert len(values) <= 76
    assert all(0 <= second <= made.span_s for second in made.seconds)


def test_the_backlog_keeps_its_peak():
    backlog = [0] * 5000
    backlog[4321] = 77
    made = overtime.backlog_chart(Timeline(0.0, 1.0, backlog, backlog, backlog, backlog, backlog))
    assert max(value for value in made.lines[0].values if value is not None) == 77


def test_groups_keep_their_own_times():
    samples = {
        "engine": [ResourceSample(100.0 + second, 50.0, 10.0) for second in range(10)],
        "other": [ResourceSample(105.0, 20.0, 5.0)],
    }
    made = overtime.cpu_chart(samples, 100.0)
    engine, other = made.lines
    assert engine.values == [50.0] * 10
    assert other.values == [None] * 5 + [20.0] + [None] * 4
    assert (engine.style, other.style) == ("group-engine", "group-other")


@given(st.lists(st.floats(0.5, 3.0), min_size=1, max_size=400))
def test_irregular_looks_leave_no_gap(intervals):
    times = list(itertools.accumulate(intervals, initial=100.0))
    made = overtime.cpu_chart({"engine": [ResourceSample(at, 50.0, 10.0) for at in times]}, 100.0)
    assert None not in made.lines[0].values
    assert len(made.seconds) <= 75
    assert all(0 <= second <= made.span_s for second in made.seconds)


def test_negative_latencies_are_drawn_at_the_left_end():
    values = dict.fromkeys(("p50", "p95", "p99", "max"), -3.0) | {"max": 10.0, "count": 4}
    made = latency.percentiles({"dispatch": values}, {})
    assert made is not None
    assert 'cx="0.000%"' in made
    assert "Dispatch p50: -3.00 ms" in made
