"""What the page needs of `files.parquet`, read column by column in bounded memory.

A million rows become a table of counts (`harness.report.grid`) and the few slowest files; no row reaches the
page.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.exceptions import ReportError
from harness.report.grid import LatencyGrid, count_latencies
from harness.report.parquet import PARQUET_NAME, ROWS_PER_BATCH, TIME_COLUMNS, release_unused
from harness.report.stages import END_TO_END, WAY

SLOWEST_SHOWN = 15
_DELIVERED = "delivered"
_DESCRIBED = ("ledger_id", "key", "size_bytes", "attempts")


@dataclass(frozen=True)
class SlowFile:
    """One delivered file. `offsets_ms` are its times since the intended start, `None` where unknown."""

    ledger_id: str
    key: str
    size_bytes: int
    attempts: int | None
    end_to_end_ms: float
    offsets_ms: Mapping[str, float | None]

    def stage_ms(self, start: str, end: str) -> float | None:
        """Return the time between two columns; negative when clocks disagree."""
        begun, ended = self.offsets_ms[start], self.offsets_ms[end]
        return None if begun is None or ended is None else ended - begun


@dataclass(frozen=True)
class Aggregates:
    """What the rows of a run come to."""

    grid: LatencyGrid | None
    """`None` when no file was offered."""
    slowest: Sequence[SlowFile]
    """Delivered files, the slowest first."""


def read_aggregates(run_dir: Path) -> Aggregates | None:
    """Read `files.parquet`; `None` when the run folder has none.

    :raises ReportError: the file is there and cannot be read
    """
    path = run_dir / PARQUET_NAME
    if not path.exists():
        return None
    try:
        with pq.ParquetFile(path) as file:
            grid = count_latencies(file)
            release_unused()
            found = Aggregates(grid, _slowest_of(file))
    except (pa.ArrowException, KeyError, OSError) as exc:
        raise ReportError(
            f"cannot read {path}: {exc}", hint="the report needs the file as the run wrote it"
        ) from exc
    release_unused()
    return found


def _slowest_of(file: pq.ParquetFile) -> list[SlowFile]:
    slowest: list[tuple[float, str, dict[str, Any]]] = []
    columns = [*_DESCRIBED, *TIME_COLUMNS, "outcome"]
    for batch in file.iter_batches(batch_size=ROWS_PER_BATCH, columns=columns):
        found = _slowest(*_delivered(batch))
        slowest = heapq.nlargest(SLOWEST_SHOWN, [*slowest, *found], key=_by_latency)
    return [_slow_file(row, total) for total, _, row in slowest]


def _delivered(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.Array]:
    """Return the delivered rows with their end-to-end latencies in milliseconds."""
    known = pc.and_(pc.equal(batch["outcome"], _DELIVERED), pc.is_valid(batch[END_TO_END.end]))
    rows = batch.filter(known)
    started, ended = rows[END_TO_END.start].cast(pa.int64()), rows[END_TO_END.end].cast(pa.int64())
    return rows, pc.divide(pc.subtract(ended, started).cast(pa.float64()), 1000)


def _slowest(rows: pa.RecordBatch, latency_ms: pa.Array) -> Iterator[tuple[float, str, dict[str, Any]]]:
    order = pc.array_sort_indices(latency_ms, order="descending")[:SLOWEST_SHOWN]
    for total, row in zip(latency_ms.take(order).to_pylist(), rows.take(order).to_pylist(), strict=True):
        yield total, row["ledger_id"], row


def _by_latency(entry: tuple[float, str, dict[str, Any]]) -> tuple[float, str]:
    return entry[0], entry[1]


def _slow_file(row: Mapping[str, Any], total_ms: float) -> SlowFile:
    intended: datetime = row["intended_at"]
    offsets = {name: _milliseconds_between(intended, row[name]) for name in TIME_COLUMNS}
    described = {name: row[name] for name in _DESCRIBED}
    return SlowFile(**described, end_to_end_ms=total_ms, offsets_ms=offsets)


def _milliseconds_between(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds() * 1000


def longest_stage(file: SlowFile) -> tuple[str, float] | None:
    """Return the label and length in milliseconds of the stage that took longest."""
    lengths = ((stage.label, file.stage_ms(stage.start, stage.end)) for stage in WAY)
    return max(
        ((label, ms) for label, ms in lengths if ms is not None), key=lambda each: each[1], default=None
    )
