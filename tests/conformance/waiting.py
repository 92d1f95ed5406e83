"""Waiting for what AWS promises without a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

DEADLINE_S = 45.0
_POLL_S = 0.1
_THIS_TEST = threading.local()

_Found = TypeVar("_Found")


def eventually(look: Callable[[], _Found | None], deadline_s: float = DEADLINE_S, what: str = "it") -> _Found:
    """Look until something true is there; return it. Fails when there is nothing in time."""
    deadline_s = min(deadline_s, getattr(_THIS_TEST, "longest_s", deadline_s))
    deadline = time.monotonic() + deadline_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {deadline_s:.0f} s; last seen: {found!r}")
        time.sleep(_POLL_S)
    return found


@contextmanager
def no_longer_than(seconds: float | None) -> Iterator[None]:
    """Bound every wait of this thread. None: as long as each wait says."""
    if seconds is None:
        yield
        return
    _THIS_TEST.longest_s = seconds
    try:
        yield
    finally:
        del _THIS_TEST.longest_s
