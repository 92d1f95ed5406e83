"""A running pipe: receive, filter, enrich, send, delete.

What is not deleted comes again after the queue's visibility timeout, and goes to the queue's own dead-letter
queue when it has been received too often. So nothing is lost whatever fails; it may be sent twice.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, FloodgateError, StackLostError
from harness.standins.pipes.definition import Pipe
from harness.standins.pipes.enrichment import Enrichment
from harness.standins.pipes.events import with_parsed_body
from harness.standins.pipes.source import QueueSource, Record
from harness.standins.pipes.target import Refused, target_of

MAX_CONCURRENCY = 4
"""Batches of one pipe at a time. AWS goes up to 1,250; one machine does not get faster beyond a few."""
_BACKOFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pause after so many failures in a row: "the pipe polling throughput will gradually back off".

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""
_log = logging.getLogger(__name__)


class RunningPipe:
    """Works from `run` until `stop`; both may be called from any thread."""

    def __init__(self, pipe: Pipe, engine: EngineInfo) -> None:
        self.name = pipe.name
        self._pipe = pipe
        self._source = QueueSource(pipe, engine)
        self._enrichment = Enrichment(pipe, engine)
        self._target = target_of(pipe, engine)
        self._stopping = threading.Event()
        self._failures = 0

    def stop(self) -> None:
        """Receive nothing more; `run` returns when what is held is done."""
        self._stopping.set()

    def run(self) -> None:
        """Work until `stop`. What AWS refuses ends one batch; an error of our own ends the pipe."""
        _log.info("%s: %s to %s", self.name, self._pipe.source_arn, self._pipe.target_arn)
        batches: set[Future[None]] = set()
        with ThreadPoolExecutor(MAX_CONCURRENCY, thread_name_prefix=self.name) as pool:
            while not self._stopping.is_set():
                if records := self._receive():
                    batches.add(pool.submit(self._handle, records))
                batches = _ended(batches, leave=MAX_CONCURRENCY - 1)
        _ended(batches, leave=0)
        _log.info("%s: stopped", self.name)

    def _receive(self) -> list[Record]:
        self._stopping.wait(_BACKOFF_S[min(self._failures, len(_BACKOFF_S) - 1)])
        if self._stopping.is_set():
            return []
        try:
            return self._source.receive(self._stopping.is_set)
        except (AwsError, StackLostError) as exc:
            self._failed("nothing received", exc)
            return []

    def _handle(self, records: list[Record]) -> None:
        """What no filter matches is deleted, as on AWS, whatever comes of the rest."""
        wanted = [record for record in records if self._passes(record)]
        done = [record for record in records if record not in wanted]
        done += self._process(wanted) if wanted else []
        try:
            self._source.delete(done)
        except (AwsError, StackLostError) as exc:
            self._failed(f"{len(done)} messages that are done may come again", exc)

    def _passes(self, record: Record) -> bool:
        event = with_parsed_body(record)
        return not self._pipe.filters or any(pattern.matches(event) for pattern in self._pipe.filters)

    def _process(self, records: list[Record]) -> list[Record]:
        """Return the records that are done: those that the target took or the enrichment left out."""
        try:
            events = self._enrichment.apply(records)
            refused = self._target.send(events) if events else []
        except FloodgateError as exc:
            self._failed(f"{len(records)} messages come again", exc)
            return []
        for one in refused:
            _log.error("%s: the target refused an event, it comes again: %s", self.name, one.reason)
        self._failures = 0
        return taken(records, len(events), refused, fifo=self._pipe.source_is_fifo)

    def _failed(self, what: str, exc: FloodgateError) -> None:
        self._failures += 1
        _log.error("%s: %s: %s", self.name, what, exc.message)


def _ended(batches: set[Future[None]], *, leave: int) -> set[Future[None]]:
    """Wait until at most `leave` batches run, and return those; raises what a batch raised."""
    running = batches
    while True:
        ended, running = wait(
            running, timeout=0 if len(running) <= leave else None, return_when=FIRST_COMPLETED
        )
        for batch in ended:
            batch.result()
        if len(running) <= leave:
            return running


def taken(records: list[Record], event_count: int, refused: list[Refused], *, fifo: bool) -> list[Record]:
    """Return the records that the target has taken, and that must not come again.

    Events and records go together by their places. Where the enrichment has changed how many there are,
    nobody can tell which record a refused event came from, so all come again. From a FIFO queue, what
    follows a refused record in its group comes again, too, and so keeps its order.
    """
    if refused and event_count != len(records):
        return []
    lost = {one.index for one in refused}
    held_groups: set[str] = set()
    done = []
    for index, record in enumerate(records):
        group = record["attributes"]["MessageGroupId"] if fifo else ""
        if index not in lost and group not in held_groups:
            done.append(record)
        elif fifo:
            held_groups.add(group)
    return done
