"""The last words for a worker that was lost: what it would have offered is in the ledger all the same.

The schedule is known, so every file of the worker's part is accounted for. A file whose time came while the
worker was last heard of may have been uploaded: it stands as offered and nothing more. Later files were not
started, as far as anybody can tell. In both cases the server's evidence has the last word: a worker that only
lost its master goes on for a while.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from harness import clock
from harness.load.bookkeeping import offered_line
from harness.load.ledger_format import WORKER_LOST, EndLine, Event, FailureLine, LedgerLine
from harness.load.plan import Arrival


def last_words(
    arrivals: Iterator[Arrival], ledger: Path, *, starts_at: float, seen_at: float, until: float
) -> Iterator[LedgerLine]:
    """Yield what is missing from the ledger of a lost worker: nothing where its own last line is there.

    :param arrivals: the worker's part of the schedule
    :param ledger: what it wrote; whole lines
    :param seen_at: when it was last heard of
    :param until: files that were intended later than this were never offered by anybody
    """
    offered, last, ended = _known(ledger)
    if ended:
        return
    for arrival in arrivals:
        intended_at = starts_at + arrival.offset_s
        if arrival.sequence <= last:
            continue
        if intended_at > until:
            break
        offered += 1
        yield offered_line(arrival, intended_at)
        if intended_at > seen_at:
            yield FailureLine(
                e=Event.NOT_STARTED.value, id=arrival.ledger_id, at=intended_at, cause=WORKER_LOST
            )
    yield EndLine(e=Event.END.value, offered=offered, at=clock.now(), reason="worker_lost")


def _known(ledger: Path) -> tuple[int, int, bool]:
    """Return how many files the worker offered, the number of the last, and if its last line is there."""
    offered, last, ended = 0, 0, False
    with ledger.open("rb") as lines:
        for raw in lines:
            if b'"offered"' in raw and (line := json.loads(raw))["e"] == Event.OFFERED:
                offered, last = offered + 1, max(last, line["seq"])
            ended = ended or raw.startswith(b'{"e":"end"')
    return offered, last, ended
