"""A whole trace, looked through before anything is started: what is wrong with it, and what is in it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from harness.exceptions import UsageError
from harness.load.profiles.model import Trace
from harness.load.traces import source
from harness.load.traces.rows import BadRow, Row
from harness.load.workload import MAX_CUSTOMERS

_SHOWN = 10
_GAPS = 3
_NOTABLE_GAP = 0.05
"""Part of the trace's length from which a gap is worth a word."""


@dataclass
class Survey:
    """What is in a trace."""

    trace: Trace
    rows: int = 0
    late: int = 0
    """Rows with an earlier time than one before them."""
    first_s: float = float("inf")
    last_s: float = float("-inf")
    bytes: int = 0
    without_size: int = 0
    customers: set[str] = field(default_factory=set)
    bad: list[BadRow] = field(default_factory=list)
    """The first few."""
    bad_rows: int = 0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    """The longest, in seconds, with the time at which each begins."""
    cut_s: float = 0.0
    """What `longest_gap_s` takes away, over all gaps."""

    @property
    def length_s(self) -> float:
        return self.last_s - self.first_s

    @property
    def replay_s(self) -> float:
        """How long the load is that replays all of it."""
        return (self.length_s - self.cut_s) / self.trace.speed

    def notices(self, logins: int) -> list[str]:
        """Return what the user should know, for one line each."""
        return [
            self._contents(),
            *filter(None, [self._late(), self._bad(), self._gaps(), self._sharing(logins)]),
        ]

    def _contents(self) -> str:
        sizes = f"; {self.without_size:,} of them without a size, which `sizes` gives them"
        speed = "" if self.trace.speed == 1 else f", replayed {self.trace.speed:g} times as fast"
        return (
            f"trace: {self.rows:,} files in {_span(self.length_s)}{speed}, {self.bytes:,} bytes"
            f"{sizes if self.without_size else ''}"
        )

    def _late(self) -> str:
        return f"trace: {self.late:,} rows came late and were put in order" if self.late else ""

    def _bad(self) -> str:
        return f"trace: {self.bad_rows:,} rows were left out: {self.bad_shown()}" if self.bad_rows else ""

    def bad_shown(self) -> str:
        """Return the first bad rows, each with what is wrong."""
        shown = "; ".join(f"row {row.number}: {row.problem}" for row in self.bad)
        return f"{shown}; …" if self.bad_rows > len(self.bad) else shown

    def _gaps(self) -> str:
        notable = [gap for gap in sorted(self.gaps, reverse=True) if gap[0] > self.length_s * _NOTABLE_GAP]
        told = ", ".join(f"{_span(length)} after {_span(at - self.first_s)}" for length, at in notable)
        limit = self.trace.longest_gap_s
        handled = "kept" if limit is None else f"shortened to {limit:g} s where they are longer"
        return f"trace: gaps without files, {handled}: {told}" if told else ""

    def _sharing(self, logins: int) -> str:
        if len(self.customers) <= logins:
            return ""
        told = f"trace: its {len(self.customers):,} customers share {logins:,} logins"
        if len(self.customers) > MAX_CUSTOMERS:
            return f"{told}; a stack has {MAX_CUSTOMERS:,} at most"
        return f"{told}; --set customers={len(self.customers)} gives each their own"


def survey(trace: Trace) -> Survey:
    """Look through the trace.

    :raises UsageError: it cannot be read, is empty, has bad rows (unless they are to be skipped), or is in
        too much disorder; bad rows are told at once
    """
    found = Survey(trace)
    try:
        _look_through(found)
    except source.TooLateError as exc:
        raise UsageError(
            f"the trace {trace.path} is in disorder: row {exc.row.number} belongs more than "
            f"{trace.disorder_rows:,} rows earlier",
            hint="sort it by time, or wait for late rows longer with --set profile.disorder_rows=…",
        ) from exc
    if found.bad_rows and trace.bad_rows == "refuse":
        raise UsageError(
            f"the trace {trace.path} has {found.bad_rows:,} bad rows: {found.bad_shown()}",
            hint="mend them, or leave them out with --set profile.bad_rows=skip",
        )
    if not found.rows:
        raise UsageError(f"the trace {trace.path} has no rows", hint="give one with a row for each file")
    return found


def _look_through(found: Survey) -> None:
    last_s = None
    for row in source.in_order(_counted(source.rows(found.trace), found), found.trace.disorder_rows):
        if last_s is not None:
            gap_s = row.time_s - last_s
            _keep_longest(found.gaps, (gap_s, last_s))
            found.cut_s += max(0.0, gap_s - (found.trace.longest_gap_s or math.inf))
        last_s = row.time_s


def _keep_longest(gaps: list[tuple[float, float]], gap: tuple[float, float]) -> None:
    if len(gaps) < _GAPS:
        heapq.heappush(gaps, gap)
    elif gap > gaps[0]:
        heapq.heapreplace(gaps, gap)


def _counted(rows: Iterable[Row | BadRow], found: Survey) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, BadRow):
            found.bad_rows += 1
            if len(found.bad) < _SHOWN:
                found.bad.append(row)
            continue
        found.rows += 1
        found.late += row.time_s < found.last_s
        found.first_s, found.last_s = min(found.first_s, row.time_s), max(found.last_s, row.time_s)
        found.bytes += row.size_bytes or 0
        found.without_size += row.size_bytes is None
        if row.customer is not None:
            found.customers.add(row.customer)
        yield row


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))
