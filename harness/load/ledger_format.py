"""The ledger: what the load generator writes about every file, one JSON object per line.

Each process of the generator appends to its own `ledger-<worker>.jsonl`. Every line has the event's name in
`e`. The first line is the header; the last one is `end`, unless the process died, in which case the last line
may be torn. Times are seconds since the epoch on the harness clock. A file has exactly one `offered` line and
exactly one final line (`not_started`, `uploaded`, `upload_failed` or `aborted`), with `started` between them
unless it was never started.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict

SCHEMA_VERSION = 1


class Event(StrEnum):
    """What a line tells."""

    HEADER = "header"
    OFFERED = "offered"
    """The schedule put the file on offer. Written when its intended time has come."""
    STARTED = "started"
    """The SFTP client began to work on it (for a fresh session: before it connects)."""
    NOT_STARTED = "not_started"
    """It could not be started within the stated time."""
    UPLOADED = "uploaded"
    """The server confirmed the close."""
    UPLOAD_FAILED = "upload_failed"
    """The connection could not be made, or the server answered with an error."""
    ABORTED = "aborted"
    """It was cut off after the server had opened the file."""
    END = "end"


FINAL_EVENTS = frozenset({Event.NOT_STARTED, Event.UPLOADED, Event.UPLOAD_FAILED, Event.ABORTED})
"""Exactly one of these belongs to every offered file."""


Expects = Literal["delivered", "failed", "aborted", "upload_failed", "superseded", "any"]
"""How a file should end. `failed` is any refusal by the pipeline, its dead-letter queue included; `any` is
met by every end but a broken promise (lost, duplicated, corrupted)."""
DEFAULT_KIND = "plain"
DEFAULT_EXPECTS: Expects = "delivered"


class Phase(StrEnum):
    """How far an upload had come when it failed."""

    CONNECT = "connect"
    """TCP, host key, login, or the start of the SFTP subsystem."""
    OPEN = "open"
    WRITE = "write"
    CLOSE = "close"
    """All bytes were written; whether the server took the close is not known."""
    RENAME = "rename"
    """It is there as a whole under its `temp_key`; whether the server took the rename is not known."""


class HeaderLine(TypedDict):
    """First line: what this process was told to do."""

    e: Literal["header"]
    schema_version: int
    run_id: str
    seed: int
    worker: str
    workers: NotRequired[int]
    """In how many parts the schedule is divided, each a process's; 1 where it is left out."""
    shard: NotRequired[int]
    """Which of them is this one's, from 0: the files with `(seq - 1) % workers == shard`."""
    clock_ahead_s: NotRequired[float]
    """What a worker adds to its own clock, to tell the master's time."""
    clock_error_s: NotRequired[float]
    """How far off that may be."""
    pid: int
    scenario: str
    workload: dict[str, Any]
    """The scenario's workload with the overrides of the command line."""
    customers: int
    """Logins that are really used: the workload's number, or fewer where the stack has fewer."""
    starts_at: float
    """The moment that offset 0 of the schedule stands for."""
    duration_s: float | None
    files: int | None
    versions: dict[str, str]


class OfferedLine(TypedDict):
    e: Literal["offered"]
    id: str
    seq: int
    key: str
    customer_id: str
    size_bytes: int
    intended_at: float
    fresh_session: bool
    kind: NotRequired[str]
    """What the client does with it; `plain` where it is left out."""
    expects: NotRequired[Expects]
    """How it should end; `delivered` where it is left out."""
    temp_key: NotRequired[str]
    """Key that it has while it is written, before it is renamed to `key`."""


class StartedLine(TypedDict):
    e: Literal["started"]
    id: str
    at: float


class UploadedLine(TypedDict):
    e: Literal["uploaded"]
    id: str
    at: float
    sha256: str


class FailureLine(TypedDict):
    """`not_started` has no phase; `cause` is short and groupable, `message` is for a human."""

    e: Literal["not_started", "upload_failed", "aborted"]
    id: str
    at: float
    cause: str
    message: NotRequired[str]
    phase: NotRequired[str]


WORKER_LOST = "WorkerLost"
"""Cause of `not_started` in lines that the master wrote in place of a worker: what it knows, not what was."""

EndReason = Literal[
    "complete", "signal", "web_ui", "parent_gone", "ledger_failed", "master_gone", "worker_lost"
]
"""Why a process offers nothing more: the schedule is done; the user wants no more (a signal, or the button in
the web UI); nobody wants the ledger any more, or it cannot be written; the master wrote the line in place of
a worker that died."""


class EndLine(TypedDict):
    e: Literal["end"]
    offered: int
    at: float
    reason: EndReason
    cpu_s: NotRequired[float]
    """Processor time of the process, its start included; a worker that was lost has not told it."""


LedgerLine = HeaderLine | OfferedLine | StartedLine | UploadedLine | FailureLine | EndLine


def file_name(worker: str) -> str:
    """Return the ledger's file name for one process of the generator."""
    return f"ledger-{worker}.jsonl"
