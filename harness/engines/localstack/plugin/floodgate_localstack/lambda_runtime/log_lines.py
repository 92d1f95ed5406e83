"""The lines that Lambda itself writes into a function's log.

Format: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html. Since August 2025
the billed duration of a cold start includes the init phase.
"""

import math


def start_line(request_id: str, version: str) -> str:
    """First line of an invocation."""
    return f"START RequestId: {request_id} Version: {version}"


def end_line(request_id: str) -> str:
    """Line after the handler's own output."""
    return f"END RequestId: {request_id}"


def report_line(
    request_id: str,
    *,
    duration_ms: float,
    memory_mb: int,
    max_memory_mb: int,
    init_ms: float | None = None,
    status: str | None = None,
    error_type: str | None = None,
) -> str:
    """Last line of an invocation; `init_ms` only where this invocation started the environment."""
    billed_ms = math.ceil(duration_ms + (init_ms or 0.0))
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {max_memory_mb} MB",
    ]
    if init_ms is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    fields += _status_fields(status, error_type)
    return "\t".join([*fields, ""])


def init_report_line(init_ms: float, status: str, error_type: str | None = None) -> str:
    """Line that reports an init phase that failed; a good one is part of the REPORT line."""
    fields = [f"INIT_REPORT Init Duration: {init_ms:.2f} ms", "Phase: init"]
    return "\t".join([*fields, *_status_fields(status, error_type), ""])


def _status_fields(status: str | None, error_type: str | None) -> list[str]:
    fields = [f"Status: {status}"] if status else []
    return [*fields, f"Error Type: {error_type}"] if error_type else fields
