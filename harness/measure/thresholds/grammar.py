"""From text to `Threshold`; see README.md for the grammar."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.exceptions import UsageError
from harness.measure.thresholds import possible
from harness.measure.thresholds.kinds import Kind
from harness.measure.thresholds.metrics import kind_of, known

_PATTERN = re.compile(
    r"\s*(?P<metric>[\w-]+(?:\.[\w-]+)+)\s*(?P<operator><=|>=|==|!=|<|>)"
    r"\s*(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z/%]*)\s*"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition that was read and understood."""

    text: str
    metric: str
    operator: str
    limit: float
    """In `unit`."""
    unit: str
    kind: Kind
    """Of a condition with this unit."""

    @property
    def group(self) -> str:
        """What is before the first dot of the metric, such as `lag`."""
        return self.metric.partition(".")[0]

    @property
    def kept_limit(self) -> float:
        """The limit in the unit that the figure is kept in."""
        return self.limit * self.kind.units.get(self.unit, 1.0)


def parse_thresholds(texts: Sequence[str]) -> list[Threshold]:
    """Read all conditions; raises one `UsageError` that tells every mistake.

    A mistake is also what no run could meet, what every run meets, and two conditions of which one excludes
    the other.
    """
    thresholds: list[Threshold] = []
    mistakes: list[str] = []
    for text in texts:
        try:
            thresholds.append(_parse(text))
        except ValueError as exc:
            mistakes.append(f"{text!r}: {exc}")
    mistakes += [
        f"{one.text!r} and {other.text!r}: no run can meet both"
        for one, other in possible.contradictions(thresholds)
    ]
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
    metric, limit, unit = match["metric"], float(match["number"]), match["unit"]
    kind = kind_of(metric)
    if kind is None:
        raise ValueError(f"there is no metric {metric} ({known(metric.partition('.')[0])})")
    if not math.isfinite(limit):
        raise ValueError("the number is too large")
    _check_unit(kind, unit, limit)
    threshold = Threshold(" ".join(text.split()), metric, match["operator"], limit, unit, kind.for_unit(unit))
    if problem := possible.problem(threshold):
        raise ValueError(problem)
    return threshold


def _check_unit(kind: Kind, unit: str, limit: float) -> None:
    names = kind.unit_names
    if unit and unit not in names:
        takes = f"one of {', '.join(names)}" if names else "no unit"
        raise ValueError(f"unknown unit {unit!r}: it takes {takes}")
    if not unit and kind.unit_required and not (kind.plain_zero and limit == 0):
        raise ValueError(f"the unit is missing: one of {', '.join(names)}")
