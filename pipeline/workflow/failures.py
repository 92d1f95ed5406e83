"""Finds the real cause in the error that a `Catch`, or the answer of a failed child, hands on.

Step Functions wraps: a failed child shows as `States.TaskFailed` with the description of its execution as
JSON in `Cause`; a function's exception shows its class as `Error`, and its text inside JSON in `Cause`.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMED_IN_TEXT = ("TransientError", "PermanentError")
_ENDED_WITHOUT_ERROR = {"TIMED_OUT": "ChildTimedOut", "ABORTED": "ChildAborted"}
_EXECUTION_ENDED = {
    "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
    "FAILED": "ExecutionFailed",
}


@dataclass(frozen=True)
class Failure:
    """What went wrong, as the row and the execution show it."""

    error_type: str
    message: str


def find(error: Mapping[str, Any]) -> Failure:
    """Return the innermost failure of an error output (`Error`, `Cause`)."""
    name, cause = str(error.get("Error") or ""), str(error.get("Cause") or "")
    told = _parsed(cause)
    if "ExecutionArn" in told or "executionArn" in told:
        return _of_child({key[:1].upper() + key[1:]: value for key, value in told.items()})
    if "errorType" in told:
        return _of_function(str(told["errorType"]), str(told.get("errorMessage", "")))
    return Failure(_short(name) or _ended(error), cause)


def of_execution(execution: Mapping[str, Any]) -> Failure:
    """Return why an execution has not succeeded, from the `detail` of its event in EventBridge."""
    status, arn = str(execution.get("status")), str(execution.get("executionArn"))
    found = find({"Error": execution.get("error"), "Cause": execution.get("cause")})
    name = _EXECUTION_ENDED.get(status, status) if found.error_type == "Unknown" else found.error_type
    return Failure(name, found.message or f"the execution {arn} ended as {status}")


def of_exception(error: Exception) -> Failure:
    """Return the failure that a function's own exception is."""
    return _of_function(type(error).__name__, str(error))


def _of_child(child: Mapping[str, Any]) -> Failure:
    if child.get("Error"):
        return find(child)
    return Failure(_ended(child), f"the child {child['ExecutionArn']} ended as {child.get('Status')}")


def _ended(execution: Mapping[str, Any]) -> str:
    return _ENDED_WITHOUT_ERROR.get(str(execution.get("Status")), "Unknown")


def _of_function(error_type: str, message: str) -> Failure:
    """Return a function's exception, by the name in its text where its class says only how to go on."""
    name, separator, rest = message.partition(": ")
    if error_type in _NAMED_IN_TEXT and separator:
        return Failure(name, rest)
    return Failure(_short(error_type), message)


def _short(name: str) -> str:
    """Return an exception's name as rows show it; AWS's own, as `Runtime.ExitError`, stay as they are."""
    return name if "." in name else name.removesuffix("Error")


def _parsed(cause: str) -> dict[str, Any]:
    try:
        told = json.loads(cause)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
