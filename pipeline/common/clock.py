"""Times as the metadata table stores them: ISO 8601 in UTC, microseconds, `Z` at the end."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def now_iso() -> str:
    """Return the current time."""
    return from_epoch(time.time())


def from_epoch(epoch_s: float) -> str:
    """Format seconds since the epoch."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime(_FORMAT)


def seconds_between(start: str, end: str) -> float:
    """Return the time from one formatted moment to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def from_datetime(moment: datetime) -> str:
    """Format a datetime that carries its time zone, as botocore returns them."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def from_event_time(text: str) -> str:
    """Format the `time` of an event; raises `ValueError` if it is no ISO 8601 time with a time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone")
    return from_datetime(moment)
