"""Starts environments before anybody asks for them, in the background. Knows nothing of LocalStack.

The first environment of every function goes before the second one of any, so that a ceiling on processes
leaves no function without.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from floodgate_localstack.lambda_runtime.pool import Member, Pool

LOG = logging.getLogger(__name__)

M = TypeVar("M", bound=Member)


@dataclass(order=True)
class Order(Generic[M]):
    """The `nth` environment of group `key`; `wanted` tells how many it may have at most by now."""

    nth: int
    number: int
    key: Hashable = field(compare=False)
    start: Callable[[], M] = field(compare=False)
    wanted: Callable[[], int] = field(compare=False)

    def up_to(self) -> int:
        """How many environments of the group this order leads to."""
        return min(self.nth, self.wanted())


class Prewarmer(Generic[M]):
    """Works off its orders with a few threads of its own.

    :param each: environments for each group; 0 starts none and no thread either
    :param at_once: most environments that it starts at the same time
    """

    def __init__(self, pool: Pool[M], *, each: int, at_once: int) -> None:
        self._pool = pool
        self._each = each
        self._orders: list[Order[M]] = []
        self._numbers = itertools.count()
        self._in_hand = 0
        self._stopping = False
        self._changed = threading.Condition()
        for _ in range(at_once if each else 0):
            threading.Thread(target=self._work, name="floodgate-lambda-prewarm", daemon=True).start()

    def order(self, key: Hashable, start: Callable[[], M], wanted: Callable[[], int]) -> None:
        """Let group `key` have its environments soon.

        :param start: makes one
        :param wanted: the most that the group may have; asked again before each start, under the pool's lock
        """
        with self._changed:
            for nth in range(1, self._each + 1):
                heapq.heappush(self._orders, Order(nth, next(self._numbers), key, start, wanted))
            self._changed.notify_all()

    def pending(self) -> int:
        """Orders that are not done yet, those in hand included."""
        with self._changed:
            return len(self._orders) + self._in_hand

    def stop(self) -> None:
        """Begin nothing any more."""
        with self._changed:
            self._stopping = True
            self._orders.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while (order := self._next()) is not None:
            try:
                self._pool.warm(order.key, order.start, order.up_to)
            except Exception:
                # Whatever it is: the next invocation starts an environment by itself, and tells its caller.
                LOG.warning("an environment could not be started ahead of time", exc_info=True)
            finally:
                with self._changed:
                    self._in_hand -= 1

    def _next(self) -> Order[M] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._orders)
            if self._stopping:
                return None
            self._in_hand += 1
            return heapq.heappop(self._orders)
