"""Calls at a later time, on one thread for all of them. Imports nothing of LocalStack."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

LOG = logging.getLogger(__name__)


class Deadline:
    """One call that is due at `at_s` of the monotonic clock, unless it is cancelled before."""

    def __init__(self, at_s: float, call: Callable[[], object]) -> None:
        self.at_s = at_s
        self._call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Forget the call, and with it all that it refers to."""
        self._call = None

    def fall_due(self) -> None:
        """Make the call, once."""
        call, self._call = self._call, None
        if call:
            call()


class Deadlines:
    """Makes calls when they are due. Its thread starts with the first one and never ends."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._started = False

    def after(self, delay_s: float, call: Callable[[], object]) -> Deadline:
        """Make `call` in `delay_s` seconds. It must be short: others wait for it."""
        deadline = Deadline(time.monotonic() + delay_s, call)
        with self._changed:
            self._start_once()
            heapq.heappush(self._heap, (deadline.at_s, next(self._numbers), deadline))
            if self._heap[0][2] is deadline:
                self._changed.notify()
        return deadline

    def _start_once(self) -> None:
        if not self._started:
            self._started = True
            threading.Thread(target=self._run, name="floodgate-sfn-deadlines", daemon=True).start()

    def _run(self) -> None:
        while True:
            deadline = self._next()
            try:
                deadline.fall_due()
            except Exception:
                LOG.exception("A deadline's call failed")

    def _next(self) -> Deadline:
        with self._changed:
            while True:
                wait_s = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait_s)


DEADLINES = Deadlines()
"""The deadlines of this process."""
