"""How many batches of one mapping run at once. Imports nothing of LocalStack.

AWS starts with five, adds while there is a backlog, goes back when there is none, and slows down when the
function is throttled. Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

AWS_RAMP_PER_S = 5.0
"""AWS adds up to 300 concurrent batches a minute."""
_MOST_PER_STEP = int(AWS_RAMP_PER_S)
"""What one second gives: time in which nothing had to grow is not saved up."""


class Slots:
    """Counts running batches against a limit that moves between `start` and `ceiling`.

    :param start: how many batches may run before any growth
    :param ceiling: the most that may ever run
    """

    def __init__(self, start: int, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._ceiling = ceiling
        self._clock = clock
        self._changed = threading.Condition()
        self._limit = start
        self._busy = 0
        self._grown_at = clock()

    @property
    def limit(self) -> int:
        """How many batches may run now."""
        return min(self._limit, self._ceiling)

    @property
    def busy(self) -> int:
        return self._busy

    def acquire(self, timeout_s: float) -> bool:
        """Take a slot; False when none became free in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._busy < self.limit, timeout_s):
                return False
            self._busy += 1
            return True

    def release(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def grow(self) -> None:
        """Allow more batches, at AWS's pace: to be called when all slots are busy and messages wait."""
        with self._changed:
            now = self._clock()
            steps = int((now - self._grown_at) * AWS_RAMP_PER_S)
            if steps:
                self._grown_at = now
                self._limit = min(self._limit + min(steps, _MOST_PER_STEP), self._ceiling)
                self._changed.notify_all()

    def settle(self) -> None:
        """Go back to the start: to be called when the queue is empty."""
        with self._changed:
            self._limit = self._start
            self._grown_at = self._clock()

    def shrink(self) -> None:
        """Allow one batch less, down to the start: to be called when the function was throttled."""
        with self._changed:
            self._limit = max(min(self._limit, self._ceiling) - 1, self._start)
            self._grown_at = self._clock()
