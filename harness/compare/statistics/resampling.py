"""By what factor a percentile of a latency differs between two runs, with an interval.

Files that are near each other in time share their fate (a backlog, a busy machine), so resampling single
files would call noise a difference. Whole blocks of time are resampled instead: the block bootstrap of
Künsch, "The Jackknife and the Bootstrap for General Stationary Observations", Annals of Statistics 17 (1989),
with blocks that do not overlap (Carlstein 1986). The same parts of the schedule are drawn for both runs, so
what the schedule itself does (a ramp, a burst) cancels out. How long blocks must be is not known, so several
lengths are tried and the widest interval counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from harness.compare.statistics.blocks import Blocks, Counts, lowest_ms
from harness.compare.statistics.student import Z_99, t_99

REPLICATES = 1000
CONFIDENCE = 0.99
BLOCK_COUNTS = (30, 15, 8)
COMMON_SHARES = (0.50, 0.95, 0.99)
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
    return float(_percentiles(total, np.ones((1, 1)), (share,))[share][0])


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
    before, after = (_resampled(each, blocks, share) for each in (base, new))
    return interval_of(np.log(after) - np.log(before), blocks)


def _resampled(run: Blocks, blocks: int, share: float) -> Counts:
    """Return the percentile of one run in each replicate; the common ones are worked out together, once."""
    if (blocks, share) not in run.resampled:
        found = _percentiles(run.merged(blocks), draws(blocks), {*COMMON_SHARES, share})
        run.resampled.update({(blocks, each): values for each, values in found.items()})
    return run.resampled[blocks, share]


def interval_of(logs: Counts, blocks: int) -> Interval:
    """Return the interval that holds `CONFIDENCE` of the replicates; those without a value do not count."""
    known = logs[np.isfinite(logs)]
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = np.quantile(known, [tail, 0.5, 1 - tail]) if known.size else (-np.inf, 0.0, np.inf)
    # Resampling n blocks shows (n - 1) / n of their variance, and takes that for known: the "expanded
    # percentile interval" of Hesterberg, "What Teachers Should Know About the Bootstrap", The American
    # Statistician 69 (2015).
    stretch = np.sqrt(blocks / (blocks - 1)) * t_99(blocks - 1) / Z_99
    return Interval(float(middle + (low - middle) * stretch), float(middle + (high - middle) * stretch))


@cache
def draws(blocks: int) -> Counts:
    """Return how often each block was drawn, a row for each replicate."""
    generator = np.random.default_rng(SEED)
    return generator.multinomial(blocks, np.full(blocks, 1 / blocks), REPLICATES).astype(np.float64)


def _percentiles(counts: Counts, weights: Counts, shares: Collection[float]) -> dict[float, Counts]:
    """Return each percentile in milliseconds for each row of weights; NaN where no file was drawn."""
    classes = np.flatnonzero(counts.any(axis=0))
    values = np.append(lowest_ms(classes), np.nan)
    # Not `@`: for tables this small the threads of the matrix library cost six times the work.
    drawn = np.einsum("rb,bc->rc", weights, counts[:, classes])
    reached = np.cumsum(drawn, axis=1)
    files = reached[:, -1:] if len(classes) else np.zeros((len(weights), 1))
    return {
        # A rank that is never reached, as of no file at all, is the place of NaN.
        share: values[(reached < np.maximum(np.ceil(np.round(share * files, 6)), 1)).sum(axis=1)]
        for share in shares
    }
