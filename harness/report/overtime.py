"""From what was sampled every second to chart points: few enough to read, each with a stated window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.measure.resources import ResourceSample
from harness.measure.results import Timeline
from harness.report.charts.scales import bin_width_s
from harness.report.charts.timechart import Line, TimeChart
from harness.report.series import COUNTS

_MOST_RATE_POINTS = 75
_MOST_LEVEL_POINTS = 240
GROUP_LABELS = {"engine": "Engine", "functions": "Functions", "sftp": "SFTP server", "load": "Load generator"}
_SPARE_STYLES = ("extra-1", "extra-2")


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


def group_style(name: str, position: int) -> str:
    """Return the style of a process group: its own, or a spare one for groups beyond the contract."""
    return f"group-{name}" if name in GROUP_LABELS else _SPARE_STYLES[position % len(_SPARE_STYLES)]


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
    word, combine, column = reading
    times = [sample.at - start_at for group in samples.values() for sample in group]
    span_s = max([*times, 1.0])
    width_s = bin_width_s(span_s, _MOST_RATE_POINTS)
    bins = int(span_s // width_s) + 1
    lines = []
    for position, (group, readings) in enumerate(samples.items()):
        found: dict[int, list[float]] = defaultdict(list)
        for sample in readings:
            found[int((sample.at - start_at) // width_s)].append(getattr(sample, column))
        values = [combine(found[index]) if index in found else None for index in range(bins)]
        lines.append(Line(group_label(group), group_style(group, position), values))
    window = f"{word} of each {width_s:g} s"
    return TimeChart(name, title, unit, window, span_s, _centres(bins, width_s, span_s), lines)


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
