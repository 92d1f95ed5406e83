"""The files of a run by block of time and by class of duration: all that resampling needs.

A million files become a small table, and no file is looked at twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.exceptions import ReportError
from harness.report.parquet import PARQUET_NAME, ROWS_PER_BATCH, TIME_COLUMNS
from harness.report.stages import END_TO_END, STAGES, Stage

Counts: TypeAlias = npt.NDArray[np.float64]

MOST_BLOCKS = 30
_LEADING_BITS = 8
"""Classes are at most 1/128 of their value wide."""
_OCTAVES = 52
_CLASSES = _OCTAVES << (_LEADING_BITS - 1)


@dataclass(frozen=True, eq=False)
class Blocks:
    """One stage of one run: `counts[block, class]` files; a block is a part of the schedule's time."""

    counts: Counts
    resampled: dict[tuple[int, float], Counts] = field(default_factory=dict, repr=False)
    """What resampling has worked out for this run, which is the same whatever it is compared with."""

    @property
    def files(self) -> int:
        return int(self.counts.sum())

    def merged(self, blocks: int) -> Counts:
        """Return the table with fewer and longer blocks."""
        return np.stack([part.sum(axis=0) for part in np.array_split(self.counts, blocks)])


def read_blocks(run_dir: Path) -> Mapping[str, Blocks]:
    """Read `files.parquet` of a run: the blocks of each stage by its name.

    :raises ReportError: the file cannot be read
    """
    path = run_dir / PARQUET_NAME
    tables = {stage.name: np.zeros(MOST_BLOCKS * _CLASSES) for stage in STAGES}
    try:
        file = pq.ParquetFile(path)
        first_us, last_us = _span_us(file)
        for rows in file.iter_batches(ROWS_PER_BATCH, columns=[*TIME_COLUMNS, "outcome"]):
            for stage in STAGES:
                tables[stage.name] += _table(rows, stage, first_us, last_us)
    except (pa.ArrowException, KeyError, OSError) as exc:
        raise ReportError(f"cannot read {path}: {exc}", hint="it must be as the run wrote it") from exc
    return {name: Blocks(table.reshape(MOST_BLOCKS, _CLASSES)) for name, table in tables.items()}


def lowest_ms(classes: Any) -> Any:
    """Return the smallest duration of each class, in milliseconds; that of zero is half a microsecond."""
    octave, step = np.divmod(classes, 1 << (_LEADING_BITS - 1))
    low = step.astype(np.float64)
    high = (step + (1 << (_LEADING_BITS - 1))) * np.exp2(octave - 1.0)
    return np.maximum(np.where(octave == 0, low, high), 0.5) / 1000


def class_of(taken_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the class of each duration in microseconds; what is below zero is in that of zero.

    Up to 127 each value has its own class; above, the leading eight bits make it.
    """
    taken = np.clip(taken_us, 0, (1 << 50) - 1)
    exponent = np.frexp(taken.astype(np.float64))[1].astype(np.int64)
    shift = np.maximum(exponent - _LEADING_BITS, 0)
    octave = np.maximum(exponent - (_LEADING_BITS - 1), 0)
    step = (taken >> shift) - np.where(octave > 0, 1 << (_LEADING_BITS - 1), 0)
    classes: npt.NDArray[np.int64] = octave * (1 << (_LEADING_BITS - 1)) + step
    return classes


def _span_us(file: pq.ParquetFile) -> tuple[int, int]:
    """Return the first and the last intended time."""
    found = [
        pc.min_max(rows["intended_at"].cast(pa.int64())).as_py()
        for rows in file.iter_batches(ROWS_PER_BATCH, columns=["intended_at"])
    ]
    if not found:
        return 0, 0
    return min(each["min"] for each in found), max(each["max"] for each in found)


def _table(rows: pa.RecordBatch, stage: Stage, first_us: int, last_us: int) -> Counts:
    known = pc.and_(pc.is_valid(rows[stage.start]), pc.is_valid(rows[stage.end]))
    if stage.name == END_TO_END.name:
        known = pc.and_(known, pc.equal(rows["outcome"], "delivered"))
    rows = rows.filter(known)
    intended, start, end = (_microseconds(rows[name]) for name in ("intended_at", stage.start, stage.end))
    block = (intended - first_us) * MOST_BLOCKS // max(last_us - first_us + 1, 1)
    places = block * _CLASSES + class_of(end - start)
    return np.bincount(places, minlength=MOST_BLOCKS * _CLASSES).astype(np.float64)


def _microseconds(column: pa.Array) -> npt.NDArray[np.int64]:
    values: npt.NDArray[np.int64] = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return values
