"""One row of a trace, and how its cells are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.load.sizes import MAX_BYTES


class BadCellError(Exception):
    """A cell that does not say what it should."""


@dataclass(frozen=True, slots=True)
class Row:
    """One arrival. `number` is the line or row of the file, from 1."""

    number: int
    time_s: float
    size_bytes: int | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read."""

    number: int
    problem: str


_SMALLEST_OF_UNIT = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Numbers so big are nanoseconds, microseconds or milliseconds since 1970; as seconds the last of them would
be in the year 5138."""


_LAST_S = 253_402_300_800.0
"""The end of the year 9999, where ISO 8601 ends as well."""


def seconds(cell: object) -> float:
    """Return a time in seconds: of ISO 8601 (without a zone it is UTC), or of a number.

    :raises BadCellError: it is no time
    """
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).timestamp()
    number = _number(cell)
    if number is None:
        return _of_iso(cell)
    time_s = number / next((factor for smallest, factor in _SMALLEST_OF_UNIT if abs(number) >= smallest), 1.0)
    if not abs(time_s) <= _LAST_S:
        raise BadCellError(f"{cell!r} is no time")
    return time_s


def size_of(cell: object) -> int | None:
    """Return a number of bytes; `None` for an empty cell. Raises `BadCellError`."""
    if cell is None or cell == "":
        return None
    number = _number(cell)
    if number is None or not math.isfinite(number) or number < 0 or number != int(number):
        raise BadCellError(f"{cell!r} is no size in bytes")
    if number > MAX_BYTES:
        raise BadCellError(f"{cell!r} bytes are more than S3 takes in one object")
    return int(number)


def customer_of(cell: object) -> str | None:
    """Return a name; `None` for an empty cell."""
    return None if cell is None or cell == "" else str(cell)


def _number(cell: object) -> float | None:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _of_iso(cell: object) -> float:
    try:
        return seconds(datetime.fromisoformat(str(cell).strip()))
    except ValueError:
        raise BadCellError(f"{cell!r} is no time: ISO 8601 or a number of seconds is needed") from None
