"""Wall-clock times that never run backwards inside one process.

Every time that Floodgate stores is in seconds since the Unix epoch. Inside one process it is read from the
monotonic clock, anchored once to the wall clock, so that a clock step (NTP, suspend) cannot make a duration
negative. A process that works for another machine can be told to follow that machine's clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

_anchor_s = time.time() - time.monotonic()


def now() -> float:
    """Return the current time in seconds since the epoch."""
    return _anchor_s + time.monotonic()


def follow(ahead_s: float) -> None:
    """From now on tell the time of another machine, whose clock is ahead of this one's by so many seconds.

    To be called before the first time is used: afterwards it would be the clock step that nobody wants.
    """
    global _anchor_s
    _anchor_s += ahead_s


def to_iso(epoch_s: float) -> str:
    """Format as ISO 8601 in UTC with microseconds, e.g. `2026-11-22T19:48:08.123456Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_iso(text: str) -> float:
    """Parse what `to_iso` and the pipeline's rows write; raises `ValueError` on anything else."""
    return datetime.fromisoformat(text).timestamp()
