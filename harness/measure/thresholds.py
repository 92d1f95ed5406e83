"""Conditions on a run's figures, written as text and judged after settling.

    threshold  ::= metric operator value
    metric     ::= stage "." statistic | "files." outcome | "rate." rate | "bytes." bytes | "backlog." backlog
    stage      ::= "end_to_end" | "lag" | "sftp_upload" | "event_delivery" | "queue_wait" | "dispatch"
                 | "transfer"
    statistic  ::= "p50" | "p90" | "p95" | "p99" | "p999" | "max" | "count"
    outcome    ::= a name under `files` of summary.json, such as "lost" or "delivered"
    rate       ::= "offered" | "delivered"
    bytes      ::= "uploaded" | "delivered"
    backlog    ::= "slope" | "max" | "end"
    operator   ::= "<" | "<=" | ">" | ">=" | "==" | "!="
    value      ::= number [ unit ]
    unit       ::= "us" | "ms" | "s" | "m" | "h"   (times: required)
                 | "/s" | "/min" | "/h" | "/day"   (rates and the slope: required, except for the number 0)
                 | "B" | "KiB" | "MiB" | "GiB"     (bytes: optional)

Examples: `end_to_end.p99 < 5s`, `files.lost == 0`, `rate.delivered >= 11.6/s`, `backlog.slope <= 0.1/s`.
Blanks are free. All texts are read before the load starts, and all mistakes are told at once.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.exceptions import UsageError
from harness.measure.conservation import AFTER_UPLOAD, NOT_UPLOADED
from harness.measure.results import Latency
from harness.measure.stages import STAGES

if TYPE_CHECKING:
    from harness.measure.settlement import Settlement

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_PATTERN = re.compile(
    r"\s*(?P<group>\w+)\.(?P<name>\w+)\s*(?P<operator><=|>=|==|!=|<|>)"
    r"\s*(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z/]*)\s*"
)
_TIME_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}
_RATE_UNITS = {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600, "/day": 1 / 86_400}
_BYTE_UNITS = {"B": 1.0, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3}
_STATISTICS = frozenset({"p50", "p90", "p95", "p99", "p999", "max"})
_OUTCOMES = frozenset(
    {
        "offered",
        "uploaded",
        "partial",
        "duplicated",
        "corrupted",
        *map(str, NOT_UPLOADED),
        *map(str, AFTER_UPLOAD),
    }
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a metric is measured in: its units with their factors to the unit that it is kept in."""

    units: dict[str, float]
    unit_required: bool = False


_TIME = _Kind(_TIME_UNITS, unit_required=True)
_RATE = _Kind(_RATE_UNITS, unit_required=True)
_BYTES = _Kind(_BYTE_UNITS)
_COUNT = _Kind({})

METRICS: dict[str, _Kind] = {
    **{f"{stage}.{statistic}": _TIME for stage in STAGES for statistic in sorted(_STATISTICS)},
    **{f"{stage}.count": _COUNT for stage in STAGES},
    **{f"files.{name}": _COUNT for name in sorted(_OUTCOMES)},
    "rate.offered": _RATE,
    "rate.delivered": _RATE,
    "bytes.uploaded": _BYTES,
    "bytes.delivered": _BYTES,
    "backlog.slope": _RATE,
    "backlog.max": _COUNT,
    "backlog.end": _COUNT,
}
"""Every metric that a threshold may name."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition that was read and understood."""

    text: str
    metric: str
    operator: str
    limit: float
    """In `unit`."""
    unit: str

    @property
    def group(self) -> str:
        """What is before the dot of the metric, such as `lag`."""
        return self.metric.partition(".")[0]


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """A judged condition. `value` is in `unit`, the unit of the condition's own text."""

    name: str
    value: float | None
    verdict: str
    """`passed`, `failed` or `no_samples`."""
    unit: str
    metric: str


def parse_thresholds(texts: Sequence[str]) -> list[Threshold]:
    """Read all conditions; raises one `UsageError` that tells every mistake."""
    thresholds: list[Threshold] = []
    mistakes: list[str] = []
    for text in texts:
        try:
            thresholds.append(_parse(text))
        except ValueError as exc:
            mistakes.append(f"{text!r}: {exc}")
    if mistakes:
        raise UsageError(
            "thresholds that cannot be used: " + "; ".join(mistakes),
            hint="Write metric, operator, number and unit, e.g. 'end_to_end.p99 < 5s' or 'files.lost == 0'.",
        )
    return thresholds


def _parse(text: str) -> Threshold:
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError("not of the form `metric.name operator number unit`")
    metric = f"{match['group']}.{match['name']}"
    kind = METRICS.get(metric)
    if kind is None:
        raise ValueError(f"there is no metric {metric} ({_known(match['group'])})")
    limit, unit = float(match["number"]), match["unit"]
    _check_unit(kind, unit, limit)
    return Threshold(" ".join(text.split()), metric, match["operator"], limit, unit)


def _known(group: str) -> str:
    names = [metric for metric in METRICS if metric.startswith(f"{group}.")]
    groups = sorted({metric.partition(".")[0] for metric in METRICS})
    return f"known: {', '.join(names)}" if names else f"metrics begin with {', '.join(groups)}"


def _check_unit(kind: _Kind, unit: str, limit: float) -> None:
    if unit and unit not in kind.units:
        takes = f"one of {', '.join(kind.units)}" if kind.units else "no unit"
        raise ValueError(f"unknown unit {unit!r}: it takes {takes}")
    if not unit and kind.unit_required and not (kind is _RATE and limit == 0):
        raise ValueError(f"the unit is missing: one of {', '.join(kind.units)}")


def evaluate(thresholds: Sequence[Threshold], settlement: Settlement) -> list[ThresholdResult]:
    """Judge every condition; one whose metric has no samples is neither passed nor failed."""
    return [_judge(threshold, settlement) for threshold in thresholds]


def _judge(threshold: Threshold, settlement: Settlement) -> ThresholdResult:
    kept = _measured(threshold.metric, settlement)
    if kept is None:
        return ThresholdResult(threshold.text, None, "no_samples", threshold.unit, threshold.metric)
    value = kept / METRICS[threshold.metric].units.get(threshold.unit, 1.0)
    # Ten digits: 0.0116 s and 11.6 ms must not differ by the noise of a division.
    value, limit = float(f"{value:.10g}"), float(f"{threshold.limit:.10g}")
    verdict = "passed" if _OPERATORS[threshold.operator](value, limit) else "failed"
    return ThresholdResult(threshold.text, value, verdict, threshold.unit, threshold.metric)


def _measured(metric: str, settlement: Settlement) -> float | None:
    """Return the figure in milliseconds, files, files per second or bytes; `None` without samples."""
    group, _, name = metric.partition(".")
    if group in STAGES:
        return _statistic(settlement.latency_ms.get(group), name)
    if metric == "files.offered":
        return settlement.counts["offered"]
    if not settlement.counts["offered"]:
        return None
    if group == "files":
        return settlement.counts[name]
    if group == "rate":
        return settlement.rate.offered_per_s if name == "offered" else settlement.rate.delivered_per_s
    if group == "bytes":
        return settlement.bytes.uploaded if name == "uploaded" else settlement.bytes.delivered
    return _backlog(name, settlement)


def _statistic(latency: Latency | None, name: str) -> float | None:
    if latency is None or (latency.count == 0 and name != "count"):
        return None
    value: float | None = getattr(latency, name)
    return value


def _backlog(name: str, settlement: Settlement) -> float | None:
    if name == "slope":
        return settlement.rate.backlog_slope_per_s
    backlog = settlement.timeline.backlog
    if not backlog:
        return None
    return max(backlog) if name == "max" else backlog[-1]
