"""A trace as a Parquet file, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.load.profiles.model import Trace
from harness.load.traces.csv_file import Columns
from harness.load.traces.rows import BadCellError, BadRow, Row, customer_of, seconds, size_of

_BATCH_ROWS = 10_000


def rows(path: Path, trace: Trace) -> Iterator[Row | BadRow]:
    """Yield the rows of the file, one after the other.

    :raises UsageError: a column that is needed is missing
    :raises OSError, ValueError: the file cannot be read (pyarrow's own errors are among them)
    """
    import pyarrow.parquet as pq  # takes a quarter of a second, which only such a trace should cost

    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        places = Columns.of(names, trace)
        used = [
            None if place is None else names[place] for place in (places.time, places.size, places.customer)
        ]
        number = 0
        wanted = [name for name in used if name is not None]
        for batch in file.iter_batches(_BATCH_ROWS, columns=wanted, use_threads=False):
            cells = [_cells(batch, name) for name in used]
            for time, size, customer in zip(*cells, strict=True):
                number += 1
                yield _row(number, time, size, customer)


def _cells(batch: Any, name: str | None) -> list[Any]:
    """Return a column as Python values; times in microseconds, since finer ones would need pandas."""
    import pyarrow as pa

    if name is None:
        return [None] * batch.num_rows
    column = batch.column(name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _row(number: int, time: object, size: object, customer: object) -> Row | BadRow:
    try:
        return Row(number, seconds(time), size_of(size), customer_of(customer))
    except BadCellError as exc:
        return BadRow(number, str(exc))
