"""Whether memory or latency crept up while the same load went on for long (`drift` of `summary.json`).

The run without its first tenth is cut into windows. Each window gives one point: the median of memory, or a
percentile of the end-to-end time of the files that were due in it. So noise within a window is gone before
`trend` looks at the rest. A figure rises when the whole interval of its slope is above zero, and the growth
over the run is large enough to matter; with the signs turned, it falls.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from harness.measure.evaluations.trend import Trend, trend
from harness.measure.records import FileRecord
from harness.measure.resources import ResourceUse
from harness.measure.stages import duration_s

METHOD = (
    "Slope of Theil and Sen with its 95 % interval, over the medians (memory) or percentiles (latency) of up"
    " to 60 windows, without the first tenth of the load. Rising: the interval is above 0, and the growth"
    " over the load is more than 5 % and 8 MiB of memory, or 10 % and 5 ms of latency. Engine, harness and"
    " load generator keep what they know of each file in memory, so theirs is shown and not counted."
)
_TOOLS = frozenset({"engine", "harness", "load"})
"""What stands for AWS, what measures and what sends: each file makes them grow, and none is deployed."""
_WINDOWS = 60
_SHORTEST_WINDOW_S = 5.0
_WARM_UP_SHARE = 0.1
SHORTEST_S = 60.0
"""A load has the windows for a trend then, with something to spare."""
_MIN_FILES = 10
"""In a window; a percentile of fewer is noise."""
_USUAL_FILES = 25
"""That a window is made for: with random arrivals, one of five thousand has fewer than `_MIN_FILES` then."""
LEAST_FILES = 250
"""A load has the windows for a trend of its latencies then."""
_HOUR_S = 3600.0

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Figure:
    name: str
    unit: str
    points: Points
    """Seconds from the begin of the load, and value."""
    least_growth: float
    """In `unit`, over the load; less does not matter."""
    least_share: float
    """Of the value at the begin."""
    counted: bool = True
    """It belongs to what is tested, and not to the tools."""


def find_drift(records: Sequence[FileRecord], resources: Mapping[str, ResourceUse]) -> dict[str, Any] | None:
    """Return `drift` of `summary.json`; `None` without files."""
    if not records:
        return None
    first_at = min(record.intended_at for record in records)
    last_at = max(record.intended_at for record in records)
    windows = _Windows(first_at, last_at)
    for_files = _Windows(first_at, last_at, most=len(records) * (1 - _WARM_UP_SHARE) // _USUAL_FILES)
    figures = [
        *(_memory(role, use, windows) for role, use in sorted(resources.items())),
        *_latencies(records, for_files),
    ]
    return {"method": METHOD, "figures": [_judged(figure, windows.span_s) for figure in figures]}


class _Windows:
    """Parts of equal length of the load, without the warm-up."""

    def __init__(self, first_at: float, last_at: float, most: float = _WINDOWS) -> None:
        self._begin_at = first_at + _WARM_UP_SHARE * (last_at - first_at)
        self.span_s = last_at - self._begin_at
        self._count = int(min(_WINDOWS, most, self.span_s // _SHORTEST_WINDOW_S))
        self._length_s = self.span_s / self._count if self._count else 0.0

    def sorted_into(self, readings: Iterable[tuple[float, float]]) -> dict[float, array[float]]:
        """Return values by the middle of their window, in order of time; what is in none is left out.

        :param readings: moment (epoch seconds) and value
        """
        found: dict[int, array[float]] = {}
        for at, value in readings:
            number = int((at - self._begin_at) // self._length_s) if self._count else -1
            if 0 <= number < self._count:
                found.setdefault(number, array("d")).append(value)
        return {(number + 0.5) * self._length_s: found[number] for number in sorted(found)}


def _memory(role: str, use: ResourceUse, windows: _Windows) -> _Figure:
    found = windows.sorted_into((sample.at, sample.rss_mib) for sample in use.samples)
    points = [(at, median(values)) for at, values in found.items()]
    return _Figure(f"memory.{role}", "MiB", points, 8.0, 0.05, counted=role not in _TOOLS)


def _latencies(records: Iterable[FileRecord], windows: _Windows) -> Iterator[_Figure]:
    times = ((record.intended_at, duration_s(record, "end_to_end")) for record in records)
    found = windows.sorted_into((at, taken_s * 1000) for at, taken_s in times if taken_s is not None)
    for name, value in (("p50", median), ("p99", _p99)):
        points = [(at, value(values)) for at, values in found.items() if len(values) >= _MIN_FILES]
        yield _Figure(f"latency.{name}", "ms", points, least_growth=5.0, least_share=0.1)


def _p99(values: Iterable[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]


def _judged(figure: _Figure, span_s: float) -> dict[str, Any]:
    found = trend([x for x, _ in figure.points], [y for _, y in figure.points])
    content: dict[str, Any] = {
        "name": figure.name,
        "unit": figure.unit,
        "count": len(figure.points),
        "counted": figure.counted,
        "start": None,
        "slope_per_h": None,
        "low_per_h": None,
        "high_per_h": None,
        "verdict": "unknown",
    }
    if found is None:
        return content
    return content | {
        "start": round(found.start, 3),
        "slope_per_h": round(found.slope * _HOUR_S, 3),
        "low_per_h": round(found.low * _HOUR_S, 3),
        "high_per_h": round(found.high * _HOUR_S, 3),
        "verdict": _verdict(figure, found, span_s),
    }


def _verdict(figure: _Figure, found: Trend, span_s: float) -> str:
    growth = found.slope * span_s
    if abs(growth) <= max(figure.least_growth, figure.least_share * abs(found.start)):
        return "steady"
    if found.low > 0:
        return "rising"
    return "falling" if found.high < 0 else "steady"
