"""Latency of every stage by time and by size, counted from `files.parquet` in bounded memory.

A million rows become one table of counts for each stage: a row for each stretch of the run, a column for each
class of latency, a hundred classes to the decade. A percentile read from it is the middle of its class, so it
is at most 1.2 % off; the run's own percentiles, in `summary.json`, are exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harness.report.charts.scales import bin_width_s
from harness.report.parquet import ROWS_PER_BATCH, TIME_COLUMNS
from harness.report.stages import END_TO_END, STAGES, Stage

MOST_STRETCHES = 75
_FEWEST_STRETCHES = 12
_FILES_PER_STRETCH = 50
"""About so many files make a percentile worth drawing; short runs get fewer and wider stretches."""
_PER_DECADE = 100
_LOWEST_DECADE = -3
"""One microsecond, in milliseconds; what is shorter, zero or negative is in class 0."""
_DECADES = 12
_CLASSES = _PER_DECADE * _DECADES + 1

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Bucket:
    """Files whose latency is at least `from_ms` and below `to_ms`."""

    from_ms: float
    to_ms: float
    files: int


@dataclass(frozen=True)
class LatencyGrid:
    """Counts of files by stage; `[stretch, class]`. A file is in the stretch of its intended time."""

    start_at: float
    """Epoch seconds of the first intended time."""
    width_s: float
    """Length of one stretch."""
    counts: Mapping[str, Counts]

    def percentiles_ms(self, stage: str, share: float) -> list[float | None]:
        """Return the percentile of each stretch; `None` without files, 0 where it is zero or less.

        :param share: in (0, 1]; 1 is the maximum
        """
        counts = self.counts[stage]
        totals = counts.sum(axis=1)
        ranks = np.maximum(np.ceil(np.round(share * totals, 6)), 1)
        found = (counts.cumsum(axis=1) >= ranks[:, None]).argmax(axis=1)
        return [_middle_ms(int(at)) if total else None for at, total in zip(found, totals, strict=True)]

    def middles_s(self) -> list[float]:
        """Return the middle of each stretch in seconds since `start_at`."""
        stretches = len(next(iter(self.counts.values())))
        return [(stretch + 0.5) * self.width_s for stretch in range(stretches)]

    def buckets(self, stage: str, per_decade: int = 10) -> list[Bucket]:
        """Return the distribution over the whole run without class 0; `per_decade` must divide 100."""
        fine = self.counts[stage].sum(axis=0)[1:]
        coarse = fine.reshape(-1, _PER_DECADE // per_decade).sum(axis=1)
        (used,) = np.nonzero(coarse)
        if not len(used):
            return []
        edge = [10 ** (_LOWEST_DECADE + at / per_decade) for at in range(used[0], used[-1] + 2)]
        return [
            Bucket(edge[at], edge[at + 1], int(files))
            for at, files in enumerate(coarse[used[0] : used[-1] + 1])
        ]

    def not_positive(self, stage: str) -> int:
        """Return how many files have a latency that no logarithmic scale can show."""
        return int(self.counts[stage][:, 0].sum())


def count_latencies(file: pq.ParquetFile) -> LatencyGrid | None:
    """Count all rows; `None` when there are none."""
    span = _span_us(file)
    return None if span is None else _count(file, *span)


def _span_us(file: pq.ParquetFile) -> tuple[int, int] | None:
    """Return the first and the last intended time in microseconds."""
    found: list[int] = []
    for batch in file.iter_batches(batch_size=ROWS_PER_BATCH, columns=["intended_at"]):
        bounds = pc.min_max(batch["intended_at"].cast(pa.int64())).as_py()
        found += [bounds["min"], bounds["max"]] if len(batch) else []
    return (min(found), max(found)) if found else None


def _count(file: pq.ParquetFile, first_us: int, last_us: int) -> LatencyGrid:
    wanted = file.metadata.num_rows // _FILES_PER_STRETCH
    width_s = bin_width_s((last_us - first_us) / 1e6, min(MOST_STRETCHES, max(_FEWEST_STRETCHES, wanted)))
    stretches = (last_us - first_us) // (width_s * 1_000_000) + 1
    counts = {stage.name: np.zeros((stretches, _CLASSES), np.int64) for stage in STAGES}
    for batch in file.iter_batches(batch_size=ROWS_PER_BATCH, columns=[*TIME_COLUMNS, "outcome"]):
        times = {name: _microseconds(batch[name]) for name in TIME_COLUMNS}
        known = {name: batch[name].is_valid().to_numpy(zero_copy_only=False) for name in TIME_COLUMNS}
        delivered = pc.equal(batch["outcome"], "delivered").to_numpy(zero_copy_only=False)
        stretch = (times["intended_at"] - first_us) // (width_s * 1_000_000)
        for stage in STAGES:
            both = known[stage.start] & known[stage.end]
            chosen = both & delivered if stage is END_TO_END else both
            _add(counts[stage.name], stretch[chosen], _classes(times, stage, chosen))
    return LatencyGrid(first_us / 1e6, float(width_s), counts)


def _microseconds(column: pa.Array) -> NDArray[np.int64]:
    filled: NDArray[np.int64] = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return filled


def _classes(times: Mapping[str, Counts], stage: Stage, chosen: NDArray[np.bool_]) -> Counts:
    """Return the class of each file: 0 up to a microsecond, then a hundred to the decade."""
    taken_us = np.maximum(times[stage.end][chosen] - times[stage.start][chosen], 0.5)
    decades = np.log10(taken_us) - 3 - _LOWEST_DECADE
    classes: Counts = np.floor(decades * _PER_DECADE).astype(np.int64) + 1
    return np.clip(classes, 0, _CLASSES - 1)


def _add(counts: Counts, stretch: Sequence[int] | Counts, classes: Counts) -> None:
    flat = np.asarray(stretch) * _CLASSES + classes
    counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)


def _middle_ms(position: int) -> float:
    return 0.0 if position == 0 else math.pow(10, _LOWEST_DECADE + (position - 0.5) / _PER_DECADE)
