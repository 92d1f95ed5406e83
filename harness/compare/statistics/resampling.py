"""By what factor a percentile of a latency differs between two runs, with an interval.

Files that are near each other in time share their fate (a backlog, a busy machine), so resampling single
files would call noise a difference. Whole blocks of time are resampled instead: the block bootstrap of
Künsch, "The Jackknife and the Bootstrap for General Stationary Observations", Annals of Statistics 17 (1989),
with blocks that do not overlap (Carlstein 1986). The same parts of the schedule are drawn for both runs, so
what the schedule itself does (a ramp, a burst) cancels out. How long blocks must be is not known, so several
lengths are tried and the widest interval counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.compare.statistics.blocks import Blocks, lowest_ms

REPLICATES = 1000
CONFIDENCE = 0.99
BLOCK_COUNTS = (30, 15, 8)
SEED = 20_261_123
"""The same comparison gives the same intervals."""
_FEW_FILES_PER_BLOCK = 5


@dataclass(frozen=True)
class Interval:
    """Natural logarithms of the factor by which the new value differs from the base."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


def percentile_ms(blocks: Sequence[Blocks], share: float) -> float:
    """Return a percentile (nearest rank) of all files together; there must be at least one."""
    total = np.sum([each.counts.sum(axis=0) for each in blocks], axis=0, keepdims=True)
    return float(_percentiles(total, np.ones((1, 1)), share)[0])


def log_ratio_interval(base: Blocks, new: Blocks, share: float) -> Interval:
    """Return the interval of log(new / base) of a percentile, for one run on each side."""
    found = [_interval(base, new, share, blocks) for blocks in _usable(base, new)]
    return max(found, key=lambda interval: interval.width)


def _usable(base: Blocks, new: Blocks) -> list[int]:
    """Return the numbers of blocks that leave a few files to each; the fewest always counts."""
    files = min(base.files, new.files)
    return [
        count for count in BLOCK_COUNTS if files >= count * _FEW_FILES_PER_BLOCK or count == BLOCK_COUNTS[-1]
    ]


def _interval(base: Blocks, new: Blocks, share: float, blocks: int) -> Interval:
    weights = draws(blocks)
    before = _percentiles(base.merged(blocks), weights, share)
    after = _percentiles(new.merged(blocks), weights, share)
    return interval_of(np.log(after) - np.log(before), blocks)


def interval_of(logs: npt.NDArray[np.float64], blocks: int) -> Interval:
    """Return the interval that holds `CONFIDENCE` of the replicates; those without a value do not count."""
    known = logs[np.isfinite(logs)]
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = np.quantile(known, [tail, 0.5, 1 - tail]) if known.size else (-np.inf, 0.0, np.inf)
    # Resampling n blocks shows (n - 1) / n of their variance.
    stretch = np.sqrt(blocks / (blocks - 1))
    return Interval(float(middle + (low - middle) * stretch), float(middle + (high - middle) * stretch))


def draws(blocks: int) -> npt.NDArray[np.float64]:
    """Return how often each block was drawn, a row for each replicate."""
    generator = np.random.default_rng(SEED)
    return generator.multinomial(blocks, np.full(blocks, 1 / blocks), REPLICATES).astype(np.float64)


def _percentiles(
    counts: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], share: float
) -> npt.NDArray[np.float64]:
    """Return the percentile in milliseconds for each row of weights; NaN where no file was drawn."""
    classes = np.flatnonzero(counts.any(axis=0))
    reached = np.cumsum(weights @ counts[:, classes], axis=1)
    rank = np.maximum(np.ceil(np.round(share * reached[:, -1], 6)), 1)
    position = (reached < rank[:, None]).sum(axis=1)
    found: npt.NDArray[np.float64] = np.where(
        reached[:, -1] > 0, lowest_ms(classes)[np.minimum(position, len(classes) - 1)], np.nan
    )
    return found
