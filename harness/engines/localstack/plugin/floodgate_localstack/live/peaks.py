"""How many of something there are, how many there were at most of late, and how long they took together.

Imports nothing of LocalStack.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

KEPT_S = 60
"""Whoever asks less often than this misses peaks."""


class Concurrency:
    """Counts what runs. Times are those of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._busy_s = 0.0
        self._changed_at = clock()
        self._peaks: deque[tuple[int, int]] = deque()

    @contextmanager
    def running(self) -> Iterator[None]:
        """One more runs inside the block."""
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def read(self, since: float) -> tuple[int, int, float]:
        """Return how many run, the most of any moment since then, and all running time so far in seconds."""
        with self._lock:
            self._account(self._clock())
            recent = [peak for second, peak in self._peaks if second >= int(since)]
            return self._running, max([self._running, *recent]), self._busy_s

    def _change(self, by: int) -> None:
        with self._lock:
            at = self._clock()
            self._account(at)
            before, self._running = self._running, self._running + by
            self._note(int(at), max(before, self._running))

    def _account(self, at: float) -> None:
        self._busy_s += self._running * max(0.0, at - self._changed_at)
        self._changed_at = at

    def _note(self, second: int, count: int) -> None:
        if self._peaks and self._peaks[-1][0] == second:
            count = max(count, self._peaks.pop()[1])
        self._peaks.append((second, count))
        while self._peaks[0][0] < second - KEPT_S:
            self._peaks.popleft()
