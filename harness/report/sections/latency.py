"""Latency over the time of a run, and its distribution by stage."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.charts.timechart import Line, TimeChart
from harness.report.grid import Bucket, LatencyGrid
from harness.report.stages import END_TO_END, STAGES, WAY

_SHOWN = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "Slowest": 1.0}


def charts(grid: LatencyGrid | None, start_at: float) -> list[TimeChart]:
    """Return the end-to-end percentiles over time, and the p99 of every stage that has one.

    :param start_at: begin of the time axis in epoch seconds
    """
    if grid is None:
        return []
    total = [
        Line(name, f"latency-{name.lower()}", grid.percentiles_ms(END_TO_END.name, share))
        for name, share in _SHOWN.items()
    ]
    stages = [
        Line(stage.label, f"stage-{stage.name}", grid.percentiles_ms(stage.name, 0.99)) for stage in WAY
    ]
    measured = [line for line in stages if any(value is not None for value in line.values)]
    return [
        _chart(grid, start_at, "latency", "End-to-end latency over time", total),
        _chart(grid, start_at, "stage-latency", "p99 of each stage over time", measured),
    ]


def _chart(grid: LatencyGrid, start_at: float, name: str, title: str, lines: Sequence[Line]) -> TimeChart:
    seconds = [grid.start_at - start_at + middle for middle in grid.middles_s()]
    return TimeChart(
        name,
        title,
        "ms, logarithmic",
        f"of the files that were due in each {grid.width_s:g} s",
        max(seconds[-1] + grid.width_s / 2, 1.0),
        seconds,
        lines,
        logarithmic=True,
    )


def spread(grid: LatencyGrid | None) -> dict[str, list[Bucket]]:
    """Return the distribution of each stage."""
    return {} if grid is None else {stage.name: grid.buckets(stage.name) for stage in STAGES}


def left_edge(grid: LatencyGrid | None) -> str:
    """Say which stages have values that a logarithmic axis cannot show."""
    found = {} if grid is None else {stage.label: grid.not_positive(stage.name) for stage in STAGES}
    told = [f"{label} ({files:,})" for label, files in found.items() if files]
    return f"Zero or less, and so at the left edge and in no bar: {', '.join(told)}." if told else ""
