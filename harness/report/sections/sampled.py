"""Charts of what was sampled while the run went on: sessions, queues, functions, state machines.

A figure's name says which chart it belongs to and which line of it: `queue.work.depth` is the line of `work`
in the chart of queue depths. Names that no chart foresees get a chart of their own: nothing is hidden.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.measure.sampling.series import Series
from harness.report.charts.scales import bin_width_s
from harness.report.charts.timechart import Line, TimeChart

SESSIONS = "sessions"
PIPELINE = "pipeline"
_MOST_POINTS = 150
_STYLES = 8
_TROUBLES = (".errors", ".throttles")

Combine = Callable[[Sequence[float]], float]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@dataclass(frozen=True)
class _Kind:
    """Which figures make one chart; `*` in a pattern is the label of the line."""

    patterns: Mapping[str, str]
    """Pattern to a label that has `{}` where the role goes."""
    name: str
    title: str
    section: str
    unit: str
    highest: bool
    """One point is the highest reading of its time, else their mean."""
    only_if_any: bool = False
    """Left out while all readings are zero."""


_ROLE = "{}"
_KINDS = (
    _Kind(
        {"sftp.sessions": "Sessions", "sftp.uploads": "Files open for writing"},
        "sessions",
        "SFTP sessions",
        SESSIONS,
        "logged in, or open",
        True,
    ),
    _Kind({"queue.*.depth": _ROLE}, "queue-depth", "Messages in the queues", PIPELINE, "messages", True),
    _Kind(
        {"queue.*.oldest_age": "{} queue", "backlog.oldest_age": "any file without an end"},
        "oldest",
        "Age of the oldest",
        PIPELINE,
        "s",
        True,
    ),
    _Kind({"lambda.*.concurrency": _ROLE}, "concurrency", "Functions at work", PIPELINE, "invocations", True),
    _Kind({"lambda.*.invocations": _ROLE}, "invocations", "Invocations", PIPELINE, "1/s", False),
    _Kind({"lambda.*.duration": _ROLE}, "duration", "Duration of an invocation", PIPELINE, "ms", False),
    _Kind(
        {"lambda.*.errors": "{}: errors", "lambda.*.throttles": "{}: throttled"},
        "function-errors",
        "Errors and throttles of functions",
        PIPELINE,
        "1/s",
        False,
        only_if_any=True,
    ),
    _Kind({"sfn.*.running": _ROLE}, "running", "Executions that run", PIPELINE, "executions", True),
    _Kind({"sfn.*.started": _ROLE}, "started", "Executions started", PIPELINE, "1/s", False),
)


def charts(samples: Mapping[str, Series], start_at: float) -> dict[str, list[TimeChart]]:
    """Return the charts of each section, `SESSIONS` and `PIPELINE`.

    :param start_at: begin of the run in epoch seconds; what was sampled before it is left out
    """
    found: dict[str, list[TimeChart]] = {SESSIONS: [], PIPELINE: []}
    left = dict(samples)
    for kind in _KINDS:
        chosen = {name: left.pop(name) for name in list(left) if _pattern(kind, name)}
        if chosen and not (kind.only_if_any and _all_zero(chosen)):
            found[kind.section].append(_chart(kind, chosen, start_at))
    found[PIPELINE] += [
        _chart(_unforeseen(name, series), {name: series}, start_at) for name, series in left.items()
    ]
    return {section: [chart for chart in drawn if chart.has_data] for section, drawn in found.items()}


def calm(samples: Mapping[str, Series]) -> bool:
    """Tell whether functions were watched for errors and throttles, and there was none."""
    names = [name for name in samples if name.startswith("lambda.") and name.endswith(_TROUBLES)]
    watched = {name: samples[name] for name in names if samples[name].value}
    return bool(watched) and _all_zero(watched)


def _all_zero(chosen: Mapping[str, Series]) -> bool:
    return not any(value for series in chosen.values() for value in series.value)


def _pattern(kind: _Kind, name: str) -> str | None:
    return next((pattern for pattern in kind.patterns if fnmatchcase(name, pattern)), None)


def _unforeseen(name: str, series: Series) -> _Kind:
    words = name.replace(".", " ").replace("_", " ")
    return _Kind({name: words}, name.replace(".", "-"), words.capitalize(), PIPELINE, series.unit, False)


def _label(kind: _Kind, name: str) -> str:
    pattern = _pattern(kind, name) or name
    role = name.split(".")[1].replace("_", " ") if "*" in pattern else ""
    label = kind.patterns.get(pattern, name).format(role)
    return label[:1].upper() + label[1:]


def _chart(kind: _Kind, chosen: Mapping[str, Series], start_at: float) -> TimeChart:
    """Draw each figure by the same points in time; where one has no reading its line is broken."""
    end_at = max((series.at[-1] for series in chosen.values() if series.at), default=start_at)
    span_s = max(end_at - start_at, 1.0)
    width_s = max(_interval_s(chosen), bin_width_s(span_s, _MOST_POINTS))
    points = int(span_s // width_s) + 1
    lines = [
        Line(
            _label(kind, name),
            f"sample-{index % _STYLES}",
            _binned(series, start_at, width_s, points, max if kind.highest else _mean),
        )
        for index, (name, series) in enumerate(chosen.items())
    ]
    reading = "highest" if kind.highest else "mean"
    return TimeChart(
        f"sampled-{kind.name}",
        kind.title,
        kind.unit,
        f"{reading} of each {width_s:g} s",
        span_s,
        [min((index + 0.5) * width_s, span_s) for index in range(points)],
        lines,
        whole=kind.highest and kind.unit != "s",
        always_named=True,
    )


def _interval_s(chosen: Mapping[str, Series]) -> float:
    """Return one and a half times the usual gap between two looks, so that no point is empty by chance."""
    gaps = sorted(
        later - earlier
        for series in chosen.values()
        for earlier, later in zip(series.at, series.at[1:], strict=False)
    )
    return float(math.ceil(gaps[len(gaps) // 2] * 1.5)) if gaps else 1.0


def _binned(
    series: Series, start_at: float, width_s: float, points: int, combine: Combine
) -> list[float | None]:
    readings: list[list[float]] = [[] for _ in range(points)]
    for at, value in zip(series.at, series.value, strict=True):
        if at >= start_at:
            readings[min(int((at - start_at) // width_s), points - 1)].append(value)
    return [combine(values) if values else None for values in readings]
