"""How many executions may begin: https://docs.aws.amazon.com/general/latest/gr/transfer-service.html"""

from __future__ import annotations

import time
from collections.abc import Callable

BURST = 100
REFILL_PER_S = 1.0


class TokenBucket:
    """`burst` at once, and `refill_per_s` more each second.

    :param now: seconds of a clock that only goes forward
    """

    def __init__(
        self,
        burst: float = BURST,
        refill_per_s: float = REFILL_PER_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._refill_per_s = refill_per_s
        self._now = now
        self._tokens = burst
        self._at = now()

    def take(self) -> bool:
        """Take one, if there is one."""
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._refill_per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
