"""Ends what nobody uses: Transfer Family drops a client after 1,800 s without activity
(https://docs.aws.amazon.com/general/latest/gr/transfer-service.html).

Activity is an SFTP request, from its arrival to its answer. AWS does not say whether keep-alive messages of
the client count; here they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """What `call_later` gives."""

    def cancel(self) -> None: ...


class Loop(Protocol):
    """The part of an event loop that is needed here; tests bring their own time."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class IdleWatch:
    """Calls `on_idle` once when nothing was asked for `timeout_s` seconds.

    Requests only note the time; one timer looks at it when the rest of the time could have passed.
    """

    def __init__(self, loop: Loop, timeout_s: float, on_idle: Callable[[], None]) -> None:
        self._loop = loop
        self._timeout_s = timeout_s
        self._on_idle = on_idle
        self._busy = 0
        self._last_at = loop.time()
        self._timer: Timer | None = loop.call_later(timeout_s, self._look)

    def request(self) -> IdleWatch:
        """Hold this (`with idle.request():`) while a request is answered."""
        return self

    def __enter__(self) -> None:
        self._busy += 1

    def __exit__(self, *_: object) -> None:
        self._busy -= 1
        self._last_at = self._loop.time()

    def stop(self) -> None:
        """Never call `on_idle` any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        idle_s = 0.0 if self._busy else self._loop.time() - self._last_at
        if idle_s < self._timeout_s:
            self._timer = self._loop.call_later(self._timeout_s - idle_s, self._look)
            return
        self._timer = None
        self._on_idle()
