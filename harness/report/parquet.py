"""`files.parquet`: one row per offered file, in the columns of the contract.

Rows are written in batches, so memory does not grow with the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.measure.records import FileRecord
from harness.report.files import replacing

PARQUET_NAME = "files.parquet"
ROWS_PER_BATCH = 16_384
TIME_COLUMNS = (
    "intended_at",
    "started_at",
    "closed_at",
    "queued_at",
    "first_received_at",
    "handler_started_at",
    "handler_ended_at",
)
_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("ledger_id", pa.string(), nullable=False),
        pa.field("file_id", pa.string()),
        pa.field("key", pa.string(), nullable=False),
        pa.field("version_id", pa.string()),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("intended_at", _TIME, nullable=False),
        *(pa.field(name, _TIME) for name in TIME_COLUMNS[1:]),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("cause", pa.string()),
        pa.field("attempts", pa.int32()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("expects", pa.string(), nullable=False),
    ]
)


def write_files(path: Path, records: Iterable[FileRecord]) -> int:
    """Write one row per record and return how many there were.

    :raises DiskFullError: no room left
    """
    rows = 0
    remaining = iter(records)
    with replacing(path) as partial, pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
        while batch := list(islice(remaining, ROWS_PER_BATCH)):
            writer.write_batch(_batch(batch))
            rows += len(batch)
    release_unused()
    return rows


def release_unused() -> None:
    """Give back what Arrow keeps for later: beside a million records it is missed."""
    pa.default_memory_pool().release_unused()


def _batch(records: Sequence[FileRecord]) -> pa.RecordBatch:
    columns = [_column(field, list(map(attrgetter(field.name), records))) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _column(field: pa.Field, values: list[Any]) -> pa.Array:
    if field.name in TIME_COLUMNS:
        return _times(values, field.type)
    if field.type != pa.string():
        return pa.array(values, field.type)
    try:
        return pa.array(values, field.type)
    except UnicodeEncodeError:
        return pa.array([_encodable(value) for value in values], field.type)


def _times(values: list[float | None], kind: pa.DataType) -> pa.Array:
    seconds = np.array(values, np.float64)  # where there is none, it is not a number
    unknown = np.isnan(seconds)
    return pa.array(np.rint(np.where(unknown, 0.0, seconds) * 1e6).astype(np.int64), kind, mask=unknown)


def _encodable(text: str | None) -> str | None:
    """Escape lone surrogates: names that were never valid UTF-8 must not cost the whole file."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
