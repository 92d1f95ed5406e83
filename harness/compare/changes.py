"""What became of each figure, in one word."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.compare.figures import Figure
from harness.compare.runs import Run
from harness.compare.statistics.repeats import difference
from harness.compare.statistics.resampling import Interval

SHORTEST_S = 30.0
"""A machine is slow or fast for seconds on end, so one run a side must last longer to tell anything."""
_PAIR = 2


class Finding(StrEnum):
    """What the interval of a change says about the tolerance."""

    WORSE = "worse"
    """All of the interval is worse than the tolerance allows."""
    BETTER = "better"
    """All of it is better by more than the tolerance."""
    SAME = "same"
    """All of it lies within the tolerance, or the change is too small to matter."""
    UNSURE = "unsure"
    """It holds both, or a pair of runs is too short: more files or more repeats are needed to tell."""
    NOT_MEASURED = "not measured"
    """A side lacks the figure, or has too few files for it."""


@dataclass(frozen=True)
class Change:
    """One figure of both sides; values are means over the runs of a side, geometric where all are above zero.

    `low` and `high` bound the factor new / base; `None` where noise could not be told from change, and the
    values alone decide.
    """

    figure: Figure
    base: float | None
    new: float | None
    low: float | None
    high: float | None
    finding: Finding

    @property
    def factor(self) -> float | None:
        if self.base is None or self.new is None or self.base <= 0 or self.new <= 0:
            return None
        return self.new / self.base

    @property
    def is_regression(self) -> bool:
        return self.figure.judged and self.finding is Finding.WORSE


def change_of(figure: Figure, base: Sequence[Run], new: Sequence[Run], tolerance: float) -> Change:
    """Compare one figure. `tolerance` is a share: 0.25 allows the new side a quarter more."""
    before, after = ([figure.value(run) for run in side] for side in (base, new))
    base_values = [value for value in before if value is not None]
    new_values = [value for value in after if value is not None]
    if len(base_values) < len(base) or len(new_values) < len(new):
        return Change(figure, _mean(base_values), _mean(new_values), None, None, Finding.NOT_MEASURED)
    base_value, new_value = _mean(base_values), _mean(new_values)
    if base_value is None or new_value is None:
        return Change(figure, base_value, new_value, None, None, Finding.NOT_MEASURED)
    interval = _interval(figure, base, new, base_values, new_values)
    low, high = (None, None) if interval is None else (math.exp(interval.low), math.exp(interval.high))
    finding = _finding(figure, base_value, new_value, interval, math.log1p(tolerance))
    if finding in (Finding.WORSE, Finding.BETTER) and _proves_nothing([*base, *new], interval):
        finding = Finding.UNSURE
    return Change(figure, base_value, new_value, low, high, finding)


def _proves_nothing(runs: Sequence[Run], interval: Interval | None) -> bool:
    """Tell whether a pair of runs is too short to have met the machine's usual noise, or has too few points.

    Where only summaries are there, the tolerance alone decides, as the user wants it.
    """
    if len(runs) > _PAIR:
        return False
    too_short = min(run.summary["duration_s"] for run in runs) < SHORTEST_S
    return too_short or (interval is None and all(run.has_files for run in runs))


def _mean(values: Sequence[float]) -> float | None:
    if not values:
        return None
    return statistics.geometric_mean(values) if min(values) > 0 else statistics.fmean(values)


def _interval(
    figure: Figure,
    base: Sequence[Run],
    new: Sequence[Run],
    base_values: Sequence[float],
    new_values: Sequence[float],
) -> Interval | None:
    """Return the interval of log(new / base); `None` where it cannot be known or there is no logarithm."""
    if min(*base_values, *new_values) <= 0:
        return None
    pairs = [figure.within(one, other) for one, other in zip(base, new, strict=False)]
    known = [pair for pair in pairs if pair is not None]
    within = max(known, key=lambda pair: pair.width, default=None)
    if len(base) == len(new) == 1:
        return within
    return difference([math.log(v) for v in base_values], [math.log(v) for v in new_values], within)


def _finding(figure: Figure, base: float, new: float, interval: Interval | None, allowed: float) -> Finding:
    is_small = abs(new - base) <= figure.floor
    if min(base, new) <= 0:
        return Finding.SAME if is_small else Finding.UNSURE
    point = math.log(new / base)
    span = interval or Interval(point, point)
    if not is_small and (span.low > allowed or span.high < -allowed):
        return Finding.BETTER if (span.low > allowed) is figure.higher_is_better else Finding.WORSE
    within = -allowed <= span.low and span.high <= allowed
    return Finding.SAME if within or _is_small(figure, base, span) else Finding.UNSURE


def _is_small(figure: Figure, base: float, interval: Interval) -> bool:
    """Tell whether even the ends of the interval are changes below the floor."""
    return all(abs(base * math.expm1(end)) <= figure.floor for end in (interval.low, interval.high))
