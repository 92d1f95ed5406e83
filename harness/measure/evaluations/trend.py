"""A slope with its interval, in the presence of noise: Theil and Sen.

The slope is the median of the slopes between all pairs of points, so that a few outliers (a garbage
collection, a busy machine) do not move it. Its interval comes from the ranks of those slopes: Sen (1968),
as described in https://vsp.pnnl.gov/help/vsample/nonparametric_estimate_of_trend.htm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

MIN_POINTS = 8
"""With fewer, an interval says next to nothing."""
_NORMAL_95 = 1.96
"""Two-sided 95 %."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through points; slopes are per unit of x, with a 95 % interval."""

    start: float
    """The line at the first x."""
    slope: float
    low: float
    high: float


def trend(xs: Sequence[float], ys: Sequence[float]) -> Trend | None:
    """Fit a line; `None` with fewer than `MIN_POINTS` points. `xs` must rise."""
    count = len(xs)
    if count < MIN_POINTS:
        return None
    slopes = sorted((ys[j] - ys[i]) / (xs[j] - xs[i]) for i, j in combinations(range(count), 2))
    slope = median(slopes)
    spread = _NORMAL_95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = slopes[max(0, math.floor((len(slopes) - spread) / 2))]
    high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))]
    intercept = median(y - slope * (x - xs[0]) for x, y in zip(xs, ys, strict=True))
    return Trend(intercept, slope, low, high)
