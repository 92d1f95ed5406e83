"""From what was sampled every second to chart points: few enough to read, each with a stated window."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.measure.resources import ResourceSample
from harness.measure.results import Timeline
from harness.report.charts.scales import bin_width_s
from harness.report.charts.timechart import Line, TimeChart
from harness.report.series import COUNTS

_MOST_RATE_POINTS = 75
_MOST_LEVEL_POINTS = 240
GROUP_LABELS = {
    "engine": "Engine",
    "functions": "Functions",
    "sftp": "SFTP server",
    "load": "Load generator",
    "harness": "Harness",
    "stand-ins": "Stand-ins",
}
"""Process groups in the order in which they are shown."""


def rate_chart(timeline: Timeline) -> TimeChart:
    """Offered, uploaded, delivered and failed files per second."""
    span_s = _span_s(timeline)
    width_s = max(timeline.interval_s, bin_width_s(span_s, _MOST_RATE_POINTS))
    per_bin = max(1, round(width_s / timeline.interval_s))
    lines = [
        Line(
            name.capitalize(), f"series-{name}", _rates(getattr(timeline, name), per_bin, timeline.interval_s)
        )
        for name in COUNTS
        if name != "failed" or any(timeline.failed)
    ]
    points = len(lines[0].values)
    return TimeChart(
        "rates",
        "Offered, uploaded and delivered over time",
        "files/s",
        f"mean of each {width_s:g} s",
        max(span_s, 1.0),
        _centres(points, per_bin * timeline.interval_s, span_s),
        lines,
    )


def backlog_chart(timeline: Timeline) -> TimeChart:
    """Files under way."""
    span_s = _span_s(timeline)
    width_s = max(timeline.interval_s, bin_width_s(span_s, _MOST_LEVEL_POINTS))
    per_bin = max(1, round(width_s / timeline.interval_s))
    highest = [max(chunk) for chunk in _chunks(timeline.backlog, per_bin)]
    return TimeChart(
        "backlog",
        "Backlog over time",
        "files",
        f"uploaded and not yet at their end, highest of each {width_s:g} s",
        max(span_s, 1.0),
        _centres(len(highest), per_bin * timeline.interval_s, span_s),
        [Line("Backlog", "series-backlog", highest)],
        whole=True,
    )


def cpu_chart(samples: Mapping[str, Sequence[ResourceSample]], start_at: float) -> TimeChart:
    """CPU by process group."""
    return _resource_chart(
        "cpu", "CPU by process group", "% of one core", ("mean", _mean, "cpu_percent"), samples, start_at
    )


def memory_chart(samples: Mapping[str, Sequence[ResourceSample]], start_at: float) -> TimeChart:
    """Resident memory by process group."""
    return _resource_chart(
        "memory", "Memory by process group", "MiB resident", ("highest", max, "rss_mib"), samples, start_at
    )


def group_style(name: str) -> str:
    """Return the style of a process group; groups that nobody foresaw share one."""
    return f"group-{name}" if name in GROUP_LABELS else "group-other"


def group_label(name: str) -> str:
    return GROUP_LABELS.get(name, name.replace("_", " ").capitalize())


def _resource_chart(
    name: str,
    title: str,
    unit: str,
    reading: tuple[str, Callable[[Sequence[float]], float], str],
    samples: Mapping[str, Sequence[ResourceSample]],
    start_at: float,
) -> TimeChart:
    """Combine neighbouring looks; a point is missing only where its group did not exist."""
    word, combine, column = reading
    times = sorted({sample.at for group in samples.values() for sample in group if sample.at >= start_at})
    looks = [times[index : index + _per_point(times)] for index in range(0, len(times), _per_point(times))]
    lines = []
    for group in sorted(samples, key=_group_order):
        at_time = {sample.at: getattr(sample, column) for sample in samples[group]}
        found = ([at_time[at] for at in look if at in at_time] for look in looks)
        values = [combine(readings) if readings else None for readings in found]
        lines.append(Line(group_label(group), group_style(group), values))
    span_s = max(times[-1] - start_at if times else 0.0, 1.0)
    centres = [_mean(look) - start_at for look in looks]
    return TimeChart(name, title, unit, f"{word} of {_spacing(times, len(looks))}", span_s, centres, lines)


def _per_point(times: Sequence[float]) -> int:
    return max(1, math.ceil(len(times) / _MOST_RATE_POINTS))


def _spacing(times: Sequence[float], points: int) -> str:
    """Say what time one point stands for; looks are not exactly regular."""
    if points < 2:
        return "one look"
    return f"about {max(1, round((times[-1] - times[0]) / (points - 1)))} s each"


def _group_order(name: str) -> tuple[int, str]:
    known = list(GROUP_LABELS)
    return (known.index(name) if name in known else len(known), name)


def _span_s(timeline: Timeline) -> float:
    return max(len(timeline.offered), len(timeline.backlog)) * timeline.interval_s


def _rates(counts: Sequence[int], per_bin: int, interval_s: float) -> list[float | None]:
    return [sum(chunk) / (len(chunk) * interval_s) for chunk in _chunks(counts, per_bin)]


def _chunks(values: Sequence[int], length: int) -> Iterable[Sequence[int]]:
    return (values[start : start + length] for start in range(0, len(values), length))


def _centres(points: int, width_s: float, span_s: float) -> list[float]:
    """Return the middle of each bin; the last one may be cut short by the end of the run."""
    return [(start := index * width_s) + min(width_s, max(span_s - start, 0)) / 2 for index in range(points)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
