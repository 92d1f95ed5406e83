"""How much time an invocation has left for work."""

from __future__ import annotations

import time


class DeadlineReachedError(Exception):
    """The invocation must end soon: this piece of work was not started, or was given up."""


class Deadline:
    """A point on the monotonic clock after which nothing new is started.

    :param remaining_s: time until Lambda ends the invocation
    :param reserve_s: part of it that is kept for writing the results
    """

    def __init__(self, remaining_s: float, reserve_s: float) -> None:
        self._end = time.monotonic() + remaining_s - reserve_s
        self.is_cut = False

    def cut(self, remaining_s: float) -> None:
        """End earlier, because the worker is to stop. What is not done then was not tried."""
        self._end = min(self._end, time.monotonic() + remaining_s)
        self.is_cut = True

    def remaining_s(self) -> float:
        """Return the time left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raise `DeadlineReachedError` when there is none left."""
        if self.remaining_s() <= 0:
            raise DeadlineReachedError("the invocation's time was used up before this file was copied")
