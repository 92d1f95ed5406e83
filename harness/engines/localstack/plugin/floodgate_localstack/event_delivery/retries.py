"""Tries deliveries again until they succeed, cannot, or the target's RetryPolicy is used up.

Imports nothing of LocalStack.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from floodgate_localstack.event_delivery.failures import Failure, failure_of

AWS_RETRIES = 185
AWS_AGE_S = 86_400.0
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
"""How long AWS waits is not published: it says exponential backoff with jitter."""


@dataclass(frozen=True)
class Undelivered:
    """The end of an event that a target did not take.

    :param condition: which limit of the RetryPolicy was reached; None where no retry was made at all
    """

    failure: Failure
    retries: int
    condition: str | None = None


@dataclass
class Delivery:
    """One event on its way to one target.

    :param send: hands the event over; raises what the target answers
    :param give_up: takes the event when it will not be tried any more
    :param most_retries: MaximumRetryAttempts
    :param longest_age_s: MaximumEventAgeInSeconds
    """

    send: Callable[[], None]
    give_up: Callable[[Undelivered], None]
    most_retries: int = AWS_RETRIES
    longest_age_s: float = AWS_AGE_S
    retries: int = 0
    began_at: float = field(default_factory=time.monotonic)


class Retries:
    """Holds deliveries that failed and sends each again at its time, from one thread made on first use."""

    def __init__(self, first_delay_s: float = FIRST_DELAY_S) -> None:
        self._first_delay_s = first_delay_s
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def failed(self, delivery: Delivery, error: Exception) -> None:
        """Take a delivery that has just failed: keep it for later, or give it up."""
        failure = failure_of(error)
        condition = self._exhausted(delivery) if failure.retried else None
        if not failure.retried or condition:
            delivery.give_up(Undelivered(failure, delivery.retries, condition))
            return
        with self._changed:
            due = time.monotonic() + self._delay_s(delivery.retries)
            heapq.heappush(self._waiting, (due, next(self._numbers), delivery))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="floodgate-event-retries", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _exhausted(self, delivery: Delivery) -> str | None:
        if delivery.retries >= delivery.most_retries:
            return "MaximumRetryAttempts"
        age_s = time.monotonic() - delivery.began_at + self._delay_s(delivery.retries)
        return "MaximumEventAgeInSeconds" if age_s > delivery.longest_age_s else None

    def _delay_s(self, retries: int) -> float:
        longest_s = min(self._first_delay_s * 2**retries, LONGEST_DELAY_S)
        return random.uniform(longest_s / 2, longest_s)  # noqa: S311  (jitter)

    def _run(self) -> None:
        while True:
            delivery = self._next()
            delivery.retries += 1
            try:
                delivery.send()
            except Exception as exc:  # noqa: BLE001  (whatever a target answers is classified)
                self.failed(delivery, exc)

    def _next(self) -> Delivery:
        with self._changed:
            while True:
                wait_s = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait_s)
