"""A trace as CSV with a header line."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from harness.exceptions import UsageError
from harness.load.profiles.model import Trace
from harness.load.traces.rows import BadCellError, BadRow, Row, customer_of, seconds, size_of


def opened(path: Path) -> TextIO:
    """Open a text file, packed by gzip or not; raises `OSError`."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def rows(path: Path, trace: Trace) -> Iterator[Row | BadRow]:
    """Yield the rows of the file, one after the other.

    :raises UsageError: the header lacks a column that is needed
    :raises OSError, ValueError: the file cannot be read
    """
    with opened(path) as file:
        reader = csv.reader(file, strict=True)  # else an open quote swallows all that follows
        header = [name.strip() for name in next(reader, [])]
        columns = Columns.of(header, trace)
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as exc:
                yield BadRow(reader.line_num, str(exc))
                continue
            if cells is None:
                return
            if cells:  # an empty line is none
                yield _row(reader.line_num, cells, len(header), columns)


class Columns:
    """Where time, size and customer are in a row."""

    def __init__(self, time: int, size: int | None, customer: int | None) -> None:
        self.time, self.size, self.customer = time, size, customer

    @classmethod
    def of(cls, names: Sequence[str], trace: Trace) -> Columns:
        """Find the columns by name: one for times must be there, and those of other names than the default.

        :raises UsageError: with all that are missing
        """
        wanted = {name: getattr(trace, name) for name in ("time", "size", "customer")}
        defaults = {name: Trace.model_fields[name].default for name in ("size", "customer")}
        named = [name for name, column in wanted.items() if column != defaults.get(name)]
        missing = [repr(wanted[name]) for name in named if wanted[name] not in {*names, None}]
        twice = {name for name in wanted.values() if name is not None and names.count(name) > 1}
        if twice:
            raise UsageError(
                f"the trace {trace.path} has more than one column {' and '.join(map(repr, sorted(twice)))}",
                hint="rename all but one",
            )
        if missing:
            raise UsageError(
                f"the trace {trace.path} has no column {' and no column '.join(missing)}; "
                f"it has: {', '.join(names) or 'nothing'}",
                hint=_hint(names),
            )
        places = {what: names.index(name) if name in names else None for what, name in wanted.items()}
        return cls(places["time"] or 0, places["size"], places["customer"])


def _hint(names: Sequence[str]) -> str:
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        return "separate its cells by commas"
    return "name its columns with `time`, `size` and `customer` of the profile"


def _row(number: int, cells: Sequence[str], width: int, columns: Columns) -> Row | BadRow:
    if len(cells) != width:
        return BadRow(number, f"it has {len(cells)} cells, and the header {width}")
    try:
        return Row(
            number,
            seconds(cells[columns.time]),
            None if columns.size is None else size_of(cells[columns.size]),
            None if columns.customer is None else customer_of(cells[columns.customer]),
        )
    except BadCellError as exc:
        return BadRow(number, str(exc))
