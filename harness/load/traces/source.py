"""Finds the reader of a trace, and puts rows that come late in their place."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.exceptions import UsageError
from harness.load.profiles.model import Trace
from harness.load.traces import csv_file, parquet_file, transfer_log
from harness.load.traces.rows import BadRow, Row

Reader = Callable[[Path, Trace], Iterator[Row | BadRow]]
_READERS: dict[str, Reader] = {
    "csv": csv_file.rows,
    "parquet": parquet_file.rows,
    "transfer-json": transfer_log.rows,
}
_BY_SUFFIX = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "transfer-json",
    ".jsonl": "transfer-json",
    ".log": "transfer-json",
}


_HINT = "name a whole file that you may read: CSV or JSON lines in UTF-8, also in gzip, or Parquet"


class TooLateError(Exception):
    """A row that came later than rows are waited for."""

    def __init__(self, row: Row) -> None:
        super().__init__(f"row {row.number} is too late")
        self.row = row


def rows(trace: Trace) -> Iterator[Row | BadRow]:
    """Yield the rows in the order of the file.

    :raises UsageError: the file cannot be read, or is of no known format
    """
    path = Path(trace.path)
    with _readable(path):
        yield from _READERS[_format(trace)](path, trace)


def in_order(found: Iterable[Row], within_rows: int) -> Iterator[Row]:
    """Yield rows in the order of their times; rows of the same time as they came.

    :param within_rows: how many rows are held back for one that comes late
    :raises TooLateError: one came later than that
    """
    held: list[tuple[float, int, Row]] = []
    last_s = float("-inf")
    for position, row in enumerate(found):
        if row.time_s < last_s:
            raise TooLateError(row)
        heapq.heappush(held, (row.time_s, position, row))
        if len(held) > within_rows:
            last_s, _, earliest = heapq.heappop(held)
            yield earliest
    while held:
        yield heapq.heappop(held)[2]


def _format(trace: Trace) -> str:
    if trace.format != "auto":
        return trace.format
    suffixes = [suffix for suffix in Path(trace.path).suffixes if suffix != ".gz"]
    found = _BY_SUFFIX.get(suffixes[-1].lower()) if suffixes else None
    if found is None:
        raise UsageError(
            f"the name of the trace {trace.path} says nothing about its format",
            hint="set `format` of the profile to csv, parquet or transfer-json",
        )
    return found


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise UsageError(f"the trace {path} cannot be read: {exc.strerror or exc}", hint=_HINT) from exc
    except (ValueError, EOFError, csv.Error) as exc:  # not UTF-8, not Parquet, gzip cut short, zero bytes
        raise UsageError(f"the trace {path} cannot be read: {exc}", hint=_HINT) from exc
