"""Why a step failed, in the words of `ExecutionError`:
https://docs.aws.amazon.com/transfer/latest/APIReference/API_ExecutionError.html
"""

from __future__ import annotations

from typing import Literal

from harness.exceptions import AwsError, FloodgateError

ErrorType = Literal[
    "PERMISSION_DENIED",
    "CUSTOM_STEP_FAILED",
    "THROTTLED",
    "ALREADY_EXISTS",
    "NOT_FOUND",
    "BAD_REQUEST",
    "TIMEOUT",
    "INTERNAL_SERVER_ERROR",
]
_TYPES: dict[str, ErrorType] = {
    "AccessDenied": "PERMISSION_DENIED",
    "AccessDeniedException": "PERMISSION_DENIED",
    "403": "PERMISSION_DENIED",
    "404": "NOT_FOUND",
    "NoSuchKey": "NOT_FOUND",
    "NoSuchBucket": "NOT_FOUND",
    "NoSuchVersion": "NOT_FOUND",
    "ResourceNotFoundException": "NOT_FOUND",
    "TooManyRequestsException": "THROTTLED",
    "InvalidRequest": "BAD_REQUEST",
    "InvalidTag": "BAD_REQUEST",
}


class StepError(FloodgateError):
    """A step of a workflow failed."""

    def __init__(self, kind: ErrorType, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorType = kind

    def wire(self) -> dict[str, str]:
        """Return it as `DescribeExecution` shows it."""
        return {"Type": self.kind, "Message": self.message}


def as_step_error(exc: FloodgateError) -> StepError:
    """Translate what an AWS call raised."""
    if isinstance(exc, StepError):
        return exc
    code = exc.code if isinstance(exc, AwsError) else ""
    return StepError(_TYPES.get(code, "INTERNAL_SERVER_ERROR"), exc.message)
