"""The real cause inside what Step Functions hands on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.workflow import failures
from pipeline.workflow.errors import PermanentError
from pipeline.workflow.failures import Failure

pytestmark = pytest.mark.unit

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:child:f-1"


def raised(error: str, message: str) -> dict[str, str]:
    cause = {"errorMessage": message, "errorType": error, "requestId": "r", "stackTrace": []}
    return {"Error": error, "Cause": json.dumps(cause)}


def child(**more: Any) -> dict[str, str]:
    return {"Error": "States.TaskFailed", "Cause": json.dumps({"ExecutionArn": EXECUTION, **more})}


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (raised("TooLargeError", "7 bytes"), Failure("TooLarge", "7 bytes")),
        (raised("TransientError", "SlowDown: wait: please"), Failure("SlowDown", "wait: please")),
        (raised("PermanentError", "AccessDenied: no"), Failure("AccessDenied", "no")),
        (raised("KeyError", "'x'"), Failure("Key", "'x'")),
        (raised("Runtime.ExitError", "it died"), Failure("Runtime.ExitError", "it died")),
        (
            {"Error": "Lambda.TooManyRequestsException", "Cause": "Rate exceeded"},
            Failure("Lambda.TooManyRequestsException", "Rate exceeded"),
        ),
        ({"Error": "States.Timeout"}, Failure("States.Timeout", "")),
        ({"Error": "Odd", "Cause": '"text"'}, Failure("Odd", '"text"')),
        ({}, Failure("Unknown", "")),
    ],
)
def test_an_error_of_a_task(error: dict[str, str], found: Failure) -> None:
    assert failures.find(error) == found


def test_a_failed_child_tells_its_own_error() -> None:
    inner = raised("ChecksumMismatchError", "other bytes")
    assert failures.find(child(Status="FAILED", **inner)) == Failure("ChecksumMismatch", "other bytes")


def test_the_answer_of_a_failed_express_child_is_understood() -> None:
    answer = {"ExecutionArn": EXECUTION, "Status": "FAILED", **raised("CsvInvalidError", "line 3")}
    assert failures.find(answer) == Failure("CsvInvalid", "line 3")


@pytest.mark.parametrize(("status", "name"), [("TIMED_OUT", "ChildTimedOut"), ("ABORTED", "ChildAborted")])
def test_a_child_that_ended_without_an_error_is_named(status: str, name: str) -> None:
    found = failures.find(child(Status=status))
    assert found.error_type == name
    assert EXECUTION in found.message


def test_an_exception_is_named_as_in_the_row() -> None:
    assert failures.of_exception(PermanentError("NoSuchBucket: gone")) == Failure("NoSuchBucket", "gone")
