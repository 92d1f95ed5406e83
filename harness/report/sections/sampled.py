"""Charts of what was sampled while the run went on: sessions, queues, functions, state machines.

A figure's name says which chart it belongs to and which line of it: `queue.work.depth` is the line of `work`
in the chart of queue depths. Names that no chart foresees get a chart of their own: nothing is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.measure.sampling.series import Series
from harness.report.charts.scales import bin_width_s
from harness.report.charts.timechart import Line, TimeChart

SESSIONS = "sessions"
PIPELINE = "pipeline"
_MOST_POINTS = 150
_STYLES = 8
_MAIN = ("work", "worker", "parent", "sftp.sessions", "sftp.logins")
"""What handles the files themselves. Each is the first line of its charts."""

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
    keeps_zeros: bool = False
    """Shown even when it was zero throughout."""


_ROLE = "{}"
_KINDS = (
    _Kind(
        {"sftp.sessions": "Sessions", "sftp.uploads": "Files open for writing"},
        "sessions",
        "Sessions at a time",
        SESSIONS,
        "logged in, or open",
        True,
        keeps_zeros=True,
    ),
    _Kind({"sftp.logins": "Logins"}, "logins", "Logins", SESSIONS, "1/s", False),
    _Kind({"queue.*.depth": _ROLE}, "queue-depth", "Messages in the queues", PIPELINE, "messages", True),
    _Kind(
        {"queue.*.oldest_age": "{} queue", "backlog.oldest_age": "any file without an end"},
        "oldest",
        "Age of the oldest",
        PIPELINE,
        "s",
        True,
    ),
    _Kind({"queue.*.receives": _ROLE}, "receives", "Receives of one message", PIPELINE, "receives", True),
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
    ),
    _Kind({"sfn.*.running": _ROLE}, "running", "Executions that run", PIPELINE, "executions", True),
    _Kind({"sfn.*.started": _ROLE}, "started", "Executions started", PIPELINE, "1/s", False),
    _Kind({"sfn.*.failed": _ROLE}, "executions-failed", "Executions that failed", PIPELINE, "1/s", False),
)


@dataclass(frozen=True)
class Sampled:
    """Charts of a section, and the figures that were zero throughout and need none."""

    charts: Sequence[TimeChart]
    at_zero: Sequence[str]
    """Such as `Messages in the queues: DLQ`."""


def sampled(samples: Mapping[str, Series], start_at: float) -> dict[str, Sampled]:
    """Return what each section shows, `SESSIONS` and `PIPELINE`.

    :param start_at: begin of the run in epoch seconds; what was sampled before it is left out
    """
    charts: dict[str, list[TimeChart]] = {SESSIONS: [], PIPELINE: []}
    at_zero: dict[str, list[str]] = {SESSIONS: [], PIPELINE: []}
    styles = _styles(samples)
    for kind, chosen in _by_kind(samples):
        shown = {name: series for name, series in chosen.items() if kind.keeps_zeros or any(series.value)}
        quiet = [_label(kind, name) for name, series in chosen.items() if series.value and name not in shown]
        if quiet:
            at_zero[kind.section].append(f"{kind.title}: {', '.join(quiet)}")
        chart = _chart(kind, shown, styles, start_at)
        if chart.has_data:
            charts[kind.section].append(chart)
    return {section: Sampled(charts[section], at_zero[section]) for section in charts}


def _by_kind(samples: Mapping[str, Series]) -> Iterator[tuple[_Kind, dict[str, Series]]]:
    left = dict(samples)
    for kind in _KINDS:
        chosen = {name: left.pop(name) for name in sorted(left, key=_rank) if _pattern(kind, name)}
        if chosen:
            yield kind, chosen
    for name, series in left.items():
        yield _unforeseen(name, series), {name: series}


def _rank(name: str) -> tuple[bool, str]:
    return (_role(name) not in _MAIN, name)


def _styles(samples: Mapping[str, Series]) -> dict[str, str]:
    """Give each role its style, the same in every chart."""
    others = dict.fromkeys(role for name in sorted(samples) if (role := _role(name)) not in _MAIN)
    styles = {role: f"sample-{index % (_STYLES - 1) + 1}" for index, role in enumerate(others)}
    return styles | dict.fromkeys(_MAIN, "sample-0")


def _role(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 2 else name


def _pattern(kind: _Kind, name: str) -> str | None:
    return next((pattern for pattern in kind.patterns if fnmatchcase(name, pattern)), None)


def _unforeseen(name: str, series: Series) -> _Kind:
    words = name.replace(".", " ").replace("_", " ")
    return _Kind({name: words}, name.replace(".", "-"), words.capitalize(), PIPELINE, series.unit, False)


def _label(kind: _Kind, name: str) -> str:
    pattern = _pattern(kind, name) or name
    role = _role(name).replace("_", " ").replace("dlq", "DLQ")
    label = kind.patterns.get(pattern, name).format(role)
    return label[:1].upper() + label[1:]


def _chart(
    kind: _Kind, chosen: Mapping[str, Series], styles: Mapping[str, str], start_at: float
) -> TimeChart:
    """Draw each figure by the same points in time; where one has no reading its line is broken."""
    end_at = max((series.at[-1] for series in chosen.values() if series.at), default=start_at)
    span_s = max(end_at - start_at, 1.0)
    width_s = max(_interval_s(chosen), bin_width_s(span_s, _MOST_POINTS))
    points = int(span_s // width_s) + 1
    lines = [
        Line(
            _label(kind, name),
            styles[_role(name)],
            _binned(series, start_at, width_s, points, max if kind.highest else _mean),
        )
        for name, series in chosen.items()
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
    return max(1.0, round(gaps[len(gaps) // 2] * 1.5)) if gaps else 1.0


def _binned(
    series: Series, start_at: float, width_s: float, points: int, combine: Combine
) -> list[float | None]:
    readings: list[list[float]] = [[] for _ in range(points)]
    for at, value in zip(series.at, series.value, strict=True):
        if at >= start_at:
            readings[min(int((at - start_at) // width_s), points - 1)].append(value)
    return [combine(values) if values else None for values in readings]
