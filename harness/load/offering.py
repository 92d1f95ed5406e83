"""The open model: every file is put on offer at its intended time, whatever became of the ones before.

Files are made ready a little ahead of time, so that a burst of arrivals costs nothing but handing over. A
file that no Locust user takes in time counts as not started; nothing is dropped in silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import gevent
from gevent.event import Event as Flag
from gevent.queue import Empty, Queue

from harness import clock
from harness.load.bookkeeping import Books
from harness.load.content import ContentSource
from harness.load.plan import Arrival
from harness.load.sizes import MIB
from harness.load.upload import PREPARED_MAX_BYTES, Upload

_AHEAD_FILES = 64
_AHEAD_BYTES = 16 * MIB
_MIN_SPARE_S = 0.002
"""Less time than this before the next file is due is not used for preparing others."""
_EXPIRY_INTERVAL_S = 0.05


class Offering:
    """Puts the files of a schedule on offer and hands them to whoever takes them.

    :param starts_at: when offset 0 of the schedule is
    """

    def __init__(
        self,
        arrivals: Iterator[Arrival],
        source: ContentSource,
        books: Books,
        *,
        starts_at: float,
        start_within_s: float,
    ) -> None:
        self._arrivals, self._source, self._books = arrivals, source, books
        self._starts_at, self._start_within_s = starts_at, start_within_s
        self._ahead: deque[Upload] = deque()
        self._ahead_bytes = 0
        self._queue: Queue = Queue()
        self._stopping = Flag()

    def run(self) -> None:
        """Offer until the schedule ends or `stop` is called."""
        while self._prepare_one() or self._ahead:
            if not self._wait_for(self._ahead[0].intended_at):
                break
            self._offer(self._next_prepared())

    def watch_deadlines(self) -> None:
        """Give up files that nobody took in time; until killed."""
        while True:
            self._expire(clock.now() - self._start_within_s)
            gevent.sleep(_EXPIRY_INTERVAL_S)

    def take(self) -> Upload | None:
        """Wait for the next file; `None` once there will be no more."""
        upload: Upload | None = self._queue.get()
        if upload is None:
            self._queue.put(None)
        return upload

    def stop(self) -> None:
        """Offer nothing more."""
        self._stopping.set()

    def give_up_waiting(self, cause: str = "Stopped") -> None:
        """Count the files that nobody has taken yet as not started."""
        self._expire(float("inf"), cause)

    def close(self) -> None:
        """Tell the takers that there will be no more, after what is queued now."""
        self._queue.put(None)

    def _prepare_one(self) -> bool:
        if len(self._ahead) >= _AHEAD_FILES or self._ahead_bytes >= _AHEAD_BYTES:
            return False
        arrival = next(self._arrivals, None)
        if arrival is None:
            return False
        upload = Upload(arrival, self._starts_at + arrival.offset_s, self._source)
        self._ahead.append(upload)
        self._ahead_bytes += _prepared_bytes(upload)
        return True

    def _next_prepared(self) -> Upload:
        upload = self._ahead.popleft()
        self._ahead_bytes -= _prepared_bytes(upload)
        return upload

    def _wait_for(self, due_at: float) -> bool:
        """Sleep until then, preparing further files meanwhile; false when told to stop."""
        gevent.sleep(0)  # a dispatcher that is late must not keep the others from working
        while not self._stopping.is_set() and (spare_s := due_at - clock.now()) > 0:
            if spare_s < _MIN_SPARE_S or not self._prepare_one():
                self._stopping.wait(spare_s)
        return not self._stopping.is_set()

    def _offer(self, upload: Upload) -> None:
        self._books.offered(upload)
        if clock.now() - upload.intended_at > self._start_within_s:
            self._books.not_started(upload, "GeneratorLate")
        else:
            self._queue.put(upload)

    def _expire(self, intended_before: float, cause: str = "NoFreeUser") -> None:
        while (upload := self._peek()) is not None and upload.intended_at < intended_before:
            self._queue.get_nowait()
            self._books.not_started(upload, cause)

    def _peek(self) -> Upload | None:
        try:
            upload: Upload | None = self._queue.peek_nowait()
        except Empty:
            return None
        return upload


def _prepared_bytes(upload: Upload) -> int:
    return upload.arrival.size_bytes if upload.arrival.size_bytes <= PREPARED_MAX_BYTES else 0
