"""What both sides did over time, in one drawing: a line for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from harness.compare.comparison import Comparison
from harness.compare.runs import Run
from harness.compare.statistics.blocks import MOST_BLOCKS, Blocks
from harness.compare.statistics.resampling import percentile_ms
from harness.measure.results import Timeline
from harness.report import overtime
from harness.report.charts.timechart import Line, TimeChart
from harness.report.stages import END_TO_END

_FEWEST_IN_BLOCK = 5


def charts(comparison: Comparison) -> dict[str, TimeChart]:
    """Return the drawings that have something to show, by name."""
    runs = list(_named(comparison))
    made = [
        _over_time(runs, overtime.rate_chart, "Delivered", "rates", "Files delivered over time"),
        _over_time(runs, overtime.backlog_chart, "Backlog", "backlog", "Backlog over time"),
        _median(runs),
    ]
    return {chart.name: chart for chart in made if chart is not None and chart.has_data}


def _named(comparison: Comparison) -> Iterator[tuple[str, str, Run]]:
    for side, style, runs in (
        ("Base", "side-base", comparison.base),
        ("New", "side-new", comparison.new),
    ):
        for number, run in enumerate(runs, start=1):
            yield (side if len(runs) == 1 else f"{side} {number}"), style, run


def _over_time(
    runs: Sequence[tuple[str, str, Run]],
    draw: Callable[[Timeline], TimeChart],
    line: str,
    name: str,
    title: str,
) -> TimeChart | None:
    """Lay one line of each run's own chart over the others; runs of other intervals cannot be laid over."""
    timelines = [run.series[0] for _, _, run in runs]
    intervals = {timeline.interval_s for timeline in timelines}
    longest = max(len(timeline.offered) for timeline in timelines)
    if len(intervals) > 1 or not longest:
        return None
    drawn = [draw(_padded(timeline, longest)) for timeline in timelines]
    lines = [
        Line(label, style, _cut(chart, line, len(timeline.offered) * timeline.interval_s))
        for (label, style, _), chart, timeline in zip(runs, drawn, timelines, strict=True)
    ]
    return replace(drawn[0], name=name, title=title, lines=lines)


def _padded(timeline: Timeline, length: int) -> Timeline:
    """Return the timeline with nothing happening up to this length, so that all have the same points."""
    missing = [0] * (length - len(timeline.offered))
    return Timeline(
        timeline.start_at,
        timeline.interval_s,
        [*timeline.offered, *missing],
        [*timeline.uploaded, *missing],
        [*timeline.delivered, *missing],
        [*timeline.failed, *missing],
        [*timeline.backlog, *missing],
    )


def _cut(chart: TimeChart, line: str, span_s: float) -> list[float | None]:
    """Return a line's values without those after the run's own end."""
    values = next(each.values for each in chart.lines if each.label == line)
    return [value if at <= span_s else None for at, value in zip(chart.seconds, values, strict=True)]


def _median(runs: Sequence[tuple[str, str, Run]]) -> TimeChart | None:
    """The median over the schedule: whether a difference holds all the time, or comes from one moment."""
    blocks = [run.blocks.get(END_TO_END.name) for _, _, run in runs]
    span_s = max(run.summary["duration_s"] for _, _, run in runs)
    if not all(blocks) or span_s <= 0:
        return None
    return TimeChart(
        "medians",
        "End-to-end median over time",
        "ms, logarithmic scale",
        f"files of each {span_s / MOST_BLOCKS:.3g} s of the schedule",
        span_s,
        [(index + 0.5) * span_s / MOST_BLOCKS for index in range(MOST_BLOCKS)],
        [
            Line(label, style, _medians(found))
            for (label, style, _), found in zip(runs, blocks, strict=True)
            if found is not None
        ],
        logarithmic=True,
    )


def _medians(blocks: Blocks) -> list[float | None]:
    rows = (Blocks(row[None, :]) for row in blocks.counts)
    return [percentile_ms([row], 0.5) if row.files >= _FEWEST_IN_BLOCK else None for row in rows]
