"""From settled figures to `ThresholdResult`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.measure.executions import FAILED_STATUSES
from harness.measure.resources import ResourceUse
from harness.measure.results import Latency
from harness.measure.sampling.series import FunctionUse, Samples
from harness.measure.stages import STAGES
from harness.measure.thresholds.grammar import Threshold
from harness.measure.thresholds.kinds import SHARE

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
_MIB = 1024.0 * 1024.0
_STATISTICS = ("max", "mean", "last")
_MS = {"s": 1000.0, "ms": 1.0}
"""Unit of a series of times to the factor to milliseconds."""


@dataclass(frozen=True)
class Figures:
    """What a run has besides its settlement."""

    resources: Mapping[str, ResourceUse] = field(default_factory=dict)
    samples: Samples = field(default_factory=Samples)
    knee: Mapping[str, Any] | None = None
    drift: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """A judged condition. `value` is in `unit`, the unit of the condition's own text."""

    name: str
    value: float | None
    verdict: str
    """`passed`, `failed` or `no_samples`."""
    unit: str
    metric: str


def evaluate(
    thresholds: Sequence[Threshold], settlement: Settlement, figures: Figures | None = None
) -> list[ThresholdResult]:
    """Judge every condition; one whose metric has no samples is neither passed nor failed."""
    found = _Found(settlement, figures or Figures())
    return [_judge(threshold, found) for threshold in thresholds]


def _judge(threshold: Threshold, found: _Found) -> ThresholdResult:
    kept = found.value_of(threshold)
    if kept is None:
        return ThresholdResult(threshold.text, None, "no_samples", threshold.unit, threshold.metric)
    value = kept / threshold.kind.units.get(threshold.unit, 1.0)
    # Ten digits: 0.0116 s and 11.6 ms must not differ by the noise of a division.
    value, limit = float(f"{value:.10g}"), float(f"{threshold.limit:.10g}")
    verdict = "passed" if _OPERATORS[threshold.operator](value, limit) else "failed"
    return ThresholdResult(threshold.text, value, verdict, threshold.unit, threshold.metric)


class _Found:
    """Finds figures by the names of metrics; `None` where there is nothing to judge."""

    def __init__(self, settlement: Settlement, figures: Figures) -> None:
        self._settlement = settlement
        self._figures = figures

    def value_of(self, threshold: Threshold) -> float | None:
        """Return the figure in the unit in which its kind is kept."""
        value = self._value(threshold.metric)
        if threshold.group == "files" and threshold.kind is SHARE:
            offered = self._settlement.counts["offered"]
            return 100 * value / offered if value is not None and offered else None
        return value

    def _value(self, metric: str) -> float | None:
        group, _, name = metric.partition(".")
        if group in STAGES:
            return _statistic(self._settlement.latency_ms.get(group), name)
        if metric.rpartition(".")[2] in _STATISTICS and metric.count(".") > 1:
            return self._sampled(metric)
        if group in ("resources", "lambda", "sfn"):
            role, _, figure = name.partition(".")
            return {"resources": self._resource, "lambda": self._function, "sfn": self._machine}[group](
                role, figure
            )
        if group == "drift":
            return self._drift(name)
        if group in ("knee", "sampling"):
            return self._evaluation(group)
        return self._settled(metric, group, name)

    def _settled(self, metric: str, group: str, name: str) -> float | None:
        settlement = self._settlement
        if metric == "files.offered":
            return settlement.counts["offered"]
        if not settlement.counts["offered"]:
            return None
        if group == "rate":
            return settlement.rate.offered_per_s if name == "offered" else settlement.rate.delivered_per_s
        if group == "backlog":
            return self._backlog(name)
        if group == "bytes":
            return float(getattr(settlement.bytes, name))
        if group == "attempts":
            return float(getattr(settlement.attempts, name))
        return self._share() if group == "failures" else self._files(name)

    def _files(self, name: str) -> float | None:
        expected = self._settlement.expected
        if name in ("as_expected", "unexpected"):
            judged = expected.as_expected + expected.unexpected
            return float(getattr(expected, name)) if judged else None
        return self._settlement.counts[name]

    def _share(self) -> float | None:
        unexpected = self._files("unexpected")
        return None if unexpected is None else 100 * unexpected / self._settlement.counts["offered"]

    def _backlog(self, name: str) -> float | None:
        if name == "slope":
            return self._settlement.rate.backlog_slope_per_s
        backlog = self._settlement.timeline.backlog
        if not backlog:
            return None
        return max(backlog) if name == "max" else backlog[-1]

    def _sampled(self, metric: str) -> float | None:
        name, _, statistic = metric.rpartition(".")
        series = self._figures.samples.series.get(name)
        if series is None:
            return None
        value: float | None = series.summary()[statistic]
        return None if value is None else value * _MS.get(series.unit, 1.0)

    def _resource(self, role: str, figure: str) -> float | None:
        use = self._figures.resources.get(role)
        if use is None or not use.samples:
            return None
        if figure == "rss_max":
            return use.rss_max_mib * _MIB
        if figure == "cpu":
            return use.cpu_s * 1000
        span_s = use.samples[-1].at - use.samples[0].at
        return 100 * use.cpu_s / span_s if span_s > 0 else None

    def _function(self, role: str, figure: str) -> float | None:
        functions = self._figures.samples.functions
        if role == "all" and functions:
            return sum(_count(use, figure) for use in functions.values())
        return _count(functions[role], figure) if role in functions else None

    def _machine(self, role: str, figure: str) -> float | None:
        counts = self._settlement.executions.get(role)
        if counts is None:
            return None
        wanted = FAILED_STATUSES if figure == "failed" else counts
        return sum(counts.get(status, 0) for status in wanted)

    def _evaluation(self, group: str) -> float | None:
        figures = self._figures
        if group == "sampling":
            return None if figures.samples.cost is None else 100 * figures.samples.cost.machine_share
        return None if figures.knee is None else figures.knee["sustained_per_s"]

    def _drift(self, name: str) -> float | None:
        """Return how many figures rise, or the slope of one, where its trend is known."""
        known = {
            figure["name"]: figure
            for figure in (self._figures.drift or {}).get("figures", ())
            if figure["verdict"] != "unknown"
        }
        if name == "rising":
            counted = [figure["verdict"] for figure in known.values() if figure.get("counted", True)]
            return counted.count("rising") if counted else None
        role, _, what = name.rpartition(".")
        figure = known.get(f"memory.{role}" if what == "memory" else name)
        return None if figure is None else figure["slope_per_h"]


def _count(use: FunctionUse, figure: str) -> float:
    return float(getattr(use, figure))


def _statistic(latency: Latency | None, name: str) -> float | None:
    if latency is None or (latency.count == 0 and name != "count"):
        return None
    value: float | None = getattr(latency, name)
    return value
