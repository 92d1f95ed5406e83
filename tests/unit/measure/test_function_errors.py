"""What functions ended in, as their logs tell: lines of AWS that no engine here writes, and bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest

from harness.exceptions import StackLostError
from harness.measure import function_errors
from harness.measure.function_errors import FunctionErrors, common_type, explained, read
from harness.measure.handler_logs import HandlerLogs
from harness.measure.rows import Row

pytestmark = pytest.mark.unit

TIMED_OUT = FunctionErrors("worker", "timeout", 1, "Task timed out after 3.00 seconds")
KEY_ERROR = FunctionErrors("worker", "KeyError", 1200, "'size'")


class Logs:
    """CloudWatch Logs with one group of these lines; or none that may be read."""

    def __init__(self, *lines: str, error: Exception | None = None) -> None:
        self._lines, self._error = lines, error

    def get_paginator(self, _operation: str) -> Logs:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if self._error:
            raise self._error
        phrase = json.loads(asked["filterPattern"])
        for line in self._lines:
            found = [{"timestamp": 1, "logStreamName": "s", "message": line}] if phrase in line else []
            yield {"events": found}


def errors_in(*lines: str) -> tuple[FunctionErrors, ...]:
    return read(Logs(*lines), {"worker": "any"}, since=0)


def platform_report(status: str, **more: str) -> str:
    record = {"requestId": "1", "status": status, "metrics": {"durationMs": 1.0}, **more}
    return json.dumps({"time": "2026-01-01T00:00:00Z", "type": "platform.report", "record": record})


def test_json_reports_of_lambda() -> None:
    lines = [platform_report("success"), *[platform_report("error", errorType="Runtime.OutOfMemory")] * 2]
    assert errors_in(*lines) == (FunctionErrors("worker", "Runtime.OutOfMemory", 2),)


def test_a_message_ends_with_its_line_even_where_lines_end_with_carriage_returns() -> None:
    (errors,) = errors_in("[ERROR] ValueError: no such\rTraceback (most recent call last):\r  File")
    assert errors == FunctionErrors("worker", "ValueError", 1, "no such")


def test_what_handlers_log_themselves_is_no_end_of_theirs() -> None:
    own = {
        "level": "ERROR",
        "message": "errorType",
        "exception_name": "ClientError",
        "exception": "Traceback",
    }
    logged = "[ERROR]\t2026-01-01T00:00:00.000Z\t1\tcould not copy"
    assert errors_in(json.dumps(own), logged, "[1] errorType", "Status: error", "Task timed out") == ()


def test_the_most_frequent_come_first() -> None:
    rare, often = "[ERROR] Rare: once", "[ERROR] Often: each time"
    assert [errors.error_type for errors in errors_in(rare, often, often)] == ["Often", "Rare"]


def test_a_log_that_may_not_be_read_tells_nothing() -> None:
    refusal = botocore.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "FilterLogEvents")
    assert read(Logs(error=refusal), {"worker": "any"}, since=0) == ()


def test_an_engine_that_is_gone_is_told() -> None:
    gone = botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    with pytest.raises(StackLostError):
        read(Logs(error=gone), {"worker": "any"}, since=0)


def test_reading_ends_in_mid_log_when_its_time_is_over() -> None:
    assert list(HandlerLogs(Logs("a", "a"), ["g"], until=0).about("a", 0)) == []
    assert len(list(HandlerLogs(Logs("a", "a"), ["g"]).about("a", 0))) == 2


def test_no_more_lines_are_read_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_errors, "_MOST_LINES", 3)
    (errors,) = errors_in(*["[ERROR] KeyError: 'size'"] * 10)
    assert errors.count == 3


def test_only_errors_of_one_type_have_a_type_in_common() -> None:
    assert common_type([KEY_ERROR, KEY_ERROR]) == "KeyError"
    assert common_type([KEY_ERROR, TIMED_OUT]) is None
    assert common_type([]) is None


def test_the_files_own_error_goes_before_those_of_functions() -> None:
    row = Row("id", "queued", error_type="SlowDown", error_message="slow")
    assert explained("it waits", row, [KEY_ERROR]) == "it waits; its last error was SlowDown: slow"
    said = (
        "it waits; worker ended 1,200 times in KeyError: 'size'; worker ended once in timeout: Task timed out"
    )
    assert explained("it waits", Row("id", "queued"), [KEY_ERROR, TIMED_OUT]).startswith(said)
    assert explained("it waits", None, []) == "it waits"
