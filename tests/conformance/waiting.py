"""Waiting for what AWS promises without a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 45.0
_POLL_S = 0.1

_Found = TypeVar("_Found")


def eventually(look: Callable[[], _Found | None], deadline_s: float = DEADLINE_S, what: str = "it") -> _Found:
    """Look until something true is there; return it. Fails when there is nothing in time."""
    deadline = time.monotonic() + deadline_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {deadline_s:.0f} s; last seen: {found!r}")
        time.sleep(_POLL_S)
    return found
