"""Conditions that say nothing: no run can meet them, every run meets them, or one excludes another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

from harness.measure.thresholds.kinds import Kind

_OPPOSITES = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


class Condition(Protocol):
    """What is asked here of a threshold."""

    @property
    def metric(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def kept_limit(self) -> float: ...
    @property
    def kind(self) -> Kind: ...


ConditionT = TypeVar("ConditionT", bound=Condition)


def problem(condition: Condition) -> str | None:
    """Say why a condition is of no use, `None` when it is."""
    kind, limit = condition.kind, condition.kept_limit
    if not _can_hold(condition.operator, limit, kind):
        return f"no run can meet this: {_values(kind)}"
    if not _can_hold(_OPPOSITES[condition.operator], limit, kind):
        return f"every run meets this: {_values(kind)}"
    return None


def contradictions(conditions: Sequence[ConditionT]) -> Iterator[tuple[ConditionT, ConditionT]]:
    """Yield pairs of conditions on one figure that no value of it meets."""
    for one, other in combinations(conditions, 2):
        if one.metric == other.metric and one.kind == other.kind and _excludes(one, other):
            yield one, other


def _can_hold(operator: str, limit: float, kind: Kind) -> bool:
    lowest, highest = _range(operator, limit, kind)
    return lowest <= highest


def _excludes(one: Condition, other: Condition) -> bool:
    if "!=" in (one.operator, other.operator):
        return one.kept_limit == other.kept_limit and "==" in (one.operator, other.operator)
    lows, highs = zip(
        *(_range(each.operator, each.kept_limit, each.kind) for each in (one, other)), strict=True
    )
    return bool(max(lows) > min(highs))


def _range(operator: str, limit: float, kind: Kind) -> tuple[float, float]:
    """Return the least and the greatest value that meet a condition; the least is greater when none does."""
    low, high = kind.low, kind.high
    if operator == "!=":
        return low, high
    if operator in ("<", "<=", "=="):
        high = min(high, _greatest(limit, kind, inclusive=operator != "<"))
    if operator in (">", ">=", "=="):
        low = max(low, _least(limit, kind, inclusive=operator != ">"))
    return low, high


def _greatest(limit: float, kind: Kind, *, inclusive: bool) -> float:
    if kind.whole:
        return math.floor(limit) if inclusive else math.ceil(limit) - 1
    return limit if inclusive else math.nextafter(limit, -math.inf)


def _least(limit: float, kind: Kind, *, inclusive: bool) -> float:
    if kind.whole:
        return math.ceil(limit) if inclusive else math.floor(limit) + 1
    return limit if inclusive else math.nextafter(limit, math.inf)


def _values(kind: Kind) -> str:
    what = "it is a whole number" if kind.whole else "it is a number"
    if math.isfinite(kind.high):
        return f"{what} from {kind.low:g} to {kind.high:g}"
    return f"{what}, never below {kind.low:g}" if math.isfinite(kind.low) else what
