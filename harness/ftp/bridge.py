"""From the thread of a session into the event loop in which everything behind it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class Bridge:
    """Called in any thread but the loop's own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Wait for the work to be done in the loop; return what it returns, raise what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, function: Callable[[], _T]) -> _T:
        """Call a plain function in the loop."""

        async def calling() -> _T:
            return function()

        return self.run(calling())
