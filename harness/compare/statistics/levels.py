"""Figures that are a mean over the time of a run: CPU, and files delivered per second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.compare.statistics.resampling import BLOCK_COUNTS, Interval, draws, interval_of

Levels = npt.NDArray[np.float64]


def log_ratio_of_means(base: Sequence[float], new: Sequence[float]) -> Interval | None:
    """Return the interval of log(new / base) of two means over time, by resampling blocks of time.

    :returns: `None` where one of them has too few points to make blocks of, or none above zero
    """
    fewest = BLOCK_COUNTS[-1]
    if min(len(base), len(new)) < fewest or not (any(base) and any(new)):
        return None
    usable = [count for count in BLOCK_COUNTS if min(len(base), len(new)) >= count]
    found = [_interval(_blocks(base, count), _blocks(new, count)) for count in usable]
    return max(found, key=lambda interval: interval.width)


def _interval(base: Levels, new: Levels) -> Interval:
    weights = draws(len(base))
    with np.errstate(divide="ignore", invalid="ignore"):
        after, before = (np.einsum("rb,b->r", weights, levels) for levels in (new, base))
        return interval_of(np.log(after) - np.log(before), len(base))


def _blocks(values: Sequence[float], count: int) -> Levels:
    parts = np.array_split(np.asarray(values, dtype=np.float64), count)
    return np.array([part.mean() for part in parts])
