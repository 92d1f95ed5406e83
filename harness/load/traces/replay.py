"""A trace as arrivals: offsets from the start of the load, sizes, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.exceptions import UsageError
from harness.load.profiles.model import Trace
from harness.load.traces import source
from harness.load.traces.rows import BadRow, Row


@dataclass(frozen=True, slots=True)
class Replayed:
    """One arrival of a trace."""

    offset_s: float
    size_bytes: int | None
    customer: int | None
    """Number of the customer, from 0 by first appearance; `None` where the trace names none."""


def replay(trace: Trace) -> Iterator[Replayed]:
    """Yield the arrivals in the order of their times; the first is at 0.

    :raises UsageError: the trace cannot be read, or has changed since it was looked through
    """
    numbers: dict[str, int] = {}
    first_s = last_s = None
    cut_s = 0.0
    for row in _ordered(trace):
        if first_s is None or last_s is None:
            first_s = last_s = row.time_s
        if trace.longest_gap_s is not None:
            cut_s += max(0.0, row.time_s - last_s - trace.longest_gap_s)
        last_s = row.time_s
        customer = None if row.customer is None else numbers.setdefault(row.customer, len(numbers))
        yield Replayed((row.time_s - first_s - cut_s) / trace.speed, row.size_bytes, customer)


def _ordered(trace: Trace) -> Iterator[Row]:
    try:
        yield from source.in_order(_good(source.rows(trace), trace), trace.disorder_rows)
    except source.TooLateError as exc:
        raise _changed(trace, str(exc)) from exc


def _good(rows: Iterable[Row | BadRow], trace: Trace) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, Row):
            yield row
        elif trace.bad_rows == "refuse":
            raise _changed(trace, f"row {row.number}: {row.problem}")


def _changed(trace: Trace, what: str) -> UsageError:
    return UsageError(f"the trace {trace.path} has changed since it was looked through: {what}")
