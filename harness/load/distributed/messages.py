"""What master and worker tell each other besides Locust's own messages.

The worker begins: it asks until it has its answer, so that no message needs to be safe from loss.

    worker                          master
    floodgate_join      ─────▶
                        ◀─────      floodgate_job | floodgate_refused
    floodgate_clock     ─────▶
                        ◀─────      floodgate_clock
    floodgate_ready     ─────▶
                        ◀─────      floodgate_start, when all are ready
    floodgate_lines     ─────▶
                        ◀─────      floodgate_kept, when they are in the file
    floodgate_done      ─────▶
                        ◀─────      Locust's quit, when all are done
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NotRequired, TypedDict

PROTOCOL = 1


class Kind(StrEnum):
    """Types of the messages."""

    JOIN = "floodgate_join"
    JOB = "floodgate_job"
    REFUSED = "floodgate_refused"
    CLOCK = "floodgate_clock"
    READY = "floodgate_ready"
    FAILED = "floodgate_failed"
    START = "floodgate_start"
    LINES = "floodgate_lines"
    KEPT = "floodgate_kept"
    STOP = "floodgate_stop"
    DONE = "floodgate_done"


class Join(TypedDict):
    """A worker is there. `protocol` and `version` must be the master's."""

    protocol: int
    version: str
    host: str
    pid: int
    pid_space: NotRequired[str]
    """See `neighbours.pid_space`."""


class Job(TypedDict):
    """All that a worker needs."""

    config: dict[str, Any]
    """A `LoadConfig` whose files are places in `files`."""
    files: dict[str, bytes]
    """Scenario and keys: their paths on the master's machine, and what is in them."""


class Refused(TypedDict):
    """The master does not want this worker."""

    reason: str


class Clock(TypedDict):
    """`sent_at` by the worker's clock; the master adds its own."""

    sent_at: float
    at: NotRequired[float]


class Failed(TypedDict):
    """The worker cannot do its job. `exit_code` is that of the error."""

    exit_code: int
    message: str


class Start(TypedDict):
    """When offset 0 of the schedule is, by the master's clock."""

    starts_at: float


class Lines(TypedDict):
    """Whole lines of the ledger. Numbers go up by one from 1."""

    number: int
    data: bytes


class Kept(TypedDict):
    """The lines up to this number are in the file."""

    number: int
    stops: int
    """How often the worker has been told to stop by now: that message may have been lost."""
    reason: str


class Stop(TypedDict):
    """Offer nothing more; the second time, do not wait for running uploads either."""

    stops: int
    reason: str
