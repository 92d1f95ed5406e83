"""How an attempt to run a function ended: what the caller is told and what the log says of it."""

from dataclasses import dataclass

from floodgate_localstack.lambda_runtime import failures, log_lines
from floodgate_localstack.lambda_runtime.log_capture import LogCapture


@dataclass(frozen=True)
class Answer:
    """Payload and error flag for the caller; `reusable` tells whether the process is still good.

    `status`, `error_type` and `last_line` appear in the log, `last_line` before END.
    """

    payload: bytes
    is_error: bool
    reusable: bool
    status: str | None = None
    error_type: str | None = None
    last_line: str | None = None


@dataclass(frozen=True)
class InitFailure:
    """An init phase that failed, the answer to the first invocation. `body` is what the runtime said."""

    error_type: str
    body: bytes = b""
    return_code: int | None = None

    def answer(self, request_id: str) -> Answer:
        """The answer to the invocation that had to start this environment."""
        if self.return_code is not None:
            return crashed(request_id, self.return_code)
        payload = failures.with_request_id(self.body, request_id)
        return Answer(payload, True, False, status="error", error_type=self.error_type)


def crashed(request_id: str, return_code: int) -> Answer:
    """The process ended by itself."""
    last_line = f"RequestId: {request_id} Error: {failures.exit_reason(return_code)}\nRuntime.ExitError"
    payload = failures.exited(request_id, return_code)
    return Answer(payload, True, False, "error", "Runtime.ExitError", last_line)


def timed_out(request_id: str, timeout_s: float, at_s: float) -> Answer:
    """The function's timeout passed; `at_s` is epoch seconds."""
    last_line = failures.timed_out_message(request_id, timeout_s, at_s)
    return Answer(failures.timed_out(request_id, timeout_s), True, False, "timeout", last_line=last_line)


def too_large(limit_bytes: int) -> Answer:
    """The response was refused with 413, upon which the runtime gives up its process."""
    return Answer(failures.response_too_large(limit_bytes), is_error=True, reusable=False)


@dataclass(frozen=True)
class Usage:
    """Figures of the REPORT line; `init_ms` only where this invocation started the environment."""

    duration_ms: float
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None


def write_closing_lines(
    capture: LogCapture, request_id: str, answer: Answer, usage: Usage, at_ms: int
) -> None:
    """Add what Lambda logs after the handler's own output."""
    if answer.last_line:
        capture.add(answer.last_line, at_ms)
    capture.add(log_lines.end_line(request_id), at_ms)
    report = log_lines.report_line(
        request_id,
        duration_ms=usage.duration_ms,
        memory_mb=usage.memory_mb,
        max_memory_mb=usage.max_memory_mb,
        init_ms=usage.init_ms,
        status=answer.status,
        error_type=answer.error_type,
    )
    capture.add(report, at_ms)
