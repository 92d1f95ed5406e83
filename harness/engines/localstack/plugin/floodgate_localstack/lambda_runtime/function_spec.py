"""What the runtime needs to know of a function, an invocation and its outcome."""

from dataclasses import dataclass, field
from pathlib import Path

from floodgate_localstack.lambda_runtime.log_capture import LogEvent


@dataclass(frozen=True)
class FunctionSpec:
    """One version of a function as it is configured."""

    name: str
    version: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_s: float
    task_root: Path


@dataclass(frozen=True)
class Request:
    """One invocation on its way to a runtime process."""

    request_id: str
    invoked_arn: str
    payload: bytes
    trace_id: str
    client_context: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: the payload for the caller, its log, and how long it ran."""

    payload: bytes
    is_error: bool
    duration_ms: float
    init_ms: float | None = None
    events: list[LogEvent] = field(default_factory=list)
