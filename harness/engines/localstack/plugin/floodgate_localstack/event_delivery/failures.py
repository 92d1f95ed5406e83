"""Why a target did not take an event. Imports nothing of LocalStack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_THROTTLED = frozenset(
    {
        "ExecutionLimitExceeded",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized"})
_ABSENT_MARKS = ("NotFound", "DoesNotExist", "NonExistent", "NoSuch")
_FIRST_SERVER_STATUS = 500


@dataclass(frozen=True)
class Failure:
    """A refusal.

    :param code: what EventBridge calls it in the message attribute `ERROR_CODE`
    :param retried: whether trying again may help; where it cannot, AWS does not try
    """

    code: str
    message: str
    retried: bool


def failure_of(error: Exception) -> Failure:
    """Classify what a sender raised: an error of botocore's client or of LocalStack's own providers."""
    code, status = _code_and_status(error)
    if code in _THROTTLED:
        return Failure("THROTTLING", str(error), retried=True)
    if code in _FORBIDDEN:
        return Failure("NO_PERMISSIONS", str(error), retried=False)
    if any(mark in code for mark in _ABSENT_MARKS):
        return Failure("NO_RESOURCE", str(error), retried=False)
    if isinstance(error, NotImplementedError) or not code:
        return Failure("INTERNAL_ERROR", str(error), retried=False)
    if status >= _FIRST_SERVER_STATUS:
        return Failure("ERROR_FROM_TARGET", str(error), retried=True)
    return Failure("SDK_CLIENT_ERROR", str(error), retried=False)


def _code_and_status(error: Exception) -> tuple[str, int]:
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        return str(response.get("Error", {}).get("Code", "")), int(status)
    return str(getattr(error, "code", "")), int(getattr(error, "status_code", 400))
