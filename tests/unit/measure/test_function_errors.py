"""What functions ended in, as their logs tell: lines of AWS that no engine here writes, and bounds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
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
            event = {"timestamp": 1, "logStreamName": "s", "message": line}
            yield {"events": [event] if self.finds(phrase, line) else []}

    @staticmethod
    def finds(phrase: str, line: str) -> bool:
        return phrase in line


def raised(error: str) -> str:
    return f"[ERROR] {error}\nTraceback (most recent call last):"


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


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR]\t2026-01-01T00:00:00.000Z\t1\tcould not copy",
        "[ERROR] could not reach the server, retrying",
        "[ERROR] 503 from server",
        "[ERROR] retry: attempt 1",
        "[1] errorType",
        "Status: error",
        "Task timed out",
        '{"level": "ERROR", "message": "errorType", "exception_name": "ClientError"}',
        '{"errorType": null, "errorMessage": null}',
        '{"errorType": "", "errorMessage": ""}',
        '{"errorType": "SlowDown", "errorMessage": "will retry", "logger": "worker"}',
        "[" * 100_000 + "errorType",
    ],
    ids=lambda line: line[:40],
)
def test_what_handlers_log_themselves_is_no_end_of_theirs(line: str) -> None:
    assert errors_in(line) == ()


def test_an_error_counts_once_whatever_its_message_holds() -> None:
    (errors,) = errors_in(raised("RuntimeError: server said Status: error, errorType Task timed out"))
    assert errors.count == 1


def test_what_the_engine_finds_besides_the_phrase_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """MiniStack takes `[ERROR]` for a class of characters."""
    monkeypatch.setattr(Logs, "finds", staticmethod(lambda _phrase, _line: True))
    found = errors_in("START", raised("KeyError: 'size'"), "END")
    assert found == (FunctionErrors("worker", "KeyError", 1, "'size'"),)


def test_long_messages_are_cut() -> None:
    (errors,) = errors_in(raised(f"ValueError: {'x' * 10_000}"))
    assert len(errors.message) == 501


def test_the_most_frequent_come_first() -> None:
    rare, often = raised("Rare: once"), raised("Often: each time")
    assert [errors.error_type for errors in errors_in(rare, often, often)] == ["Often", "Rare"]


def test_a_log_that_may_not_be_read_tells_nothing() -> None:
    refusal = botocore.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "FilterLogEvents")
    assert read(Logs(error=refusal), {"worker": "any"}, since=0) == ()


def test_an_engine_that_is_gone_is_told() -> None:
    gone = botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    with pytest.raises(StackLostError):
        read(Logs(error=gone), {"worker": "any"}, since=0)


def test_what_was_read_before_the_time_was_over_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    assert len(list(HandlerLogs(Logs("a", "a", "a"), ["g"], until=2).about("a", 0))) == 2
    assert list(HandlerLogs(Logs("a"), ["g"], until=0).about("a", 0)) == []


def test_those_that_take_messages_are_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(role: str, _logs: HandlerLogs, _since: float) -> list[FunctionErrors]:
        asked.append(role)
        return []

    monkeypatch.setattr(function_errors, "_of_function", ask)
    read(Logs(), dict.fromkeys(("notify", "copy", "recorder", "quarantine", "worker"), "any"), since=0)
    assert asked == ["worker", "copy"]


def test_no_more_lines_are_read_than_needed_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_errors, "_MOST_LINES", 3)
    (errors,) = errors_in(*["Status: error"] * 10, *[raised("KeyError: 'size'")] * 10)
    assert str(errors) == "worker ended at least 3 times in KeyError: 'size'"


def test_only_errors_of_one_type_have_a_type_in_common() -> None:
    assert common_type([KEY_ERROR, KEY_ERROR], files=1) == "KeyError"
    assert common_type([KEY_ERROR, TIMED_OUT], files=1) is None
    assert common_type([], files=0) is None


def test_an_error_now_and_then_is_no_cause_of_many_files() -> None:
    assert common_type([TIMED_OUT], files=10) == "timeout"
    assert common_type([TIMED_OUT], files=11) is None
    assert common_type([replace(TIMED_OUT, is_cut_off=True)], files=11) == "timeout"


def test_the_files_own_error_goes_before_those_of_functions() -> None:
    row = Row("id", "queued", error_type="SlowDown", error_message="slow")
    assert explained("it waits", row, (KEY_ERROR,)) == "it waits; its last error was SlowDown: slow"
    said = (
        "it waits; worker ended 1,200 times in KeyError: 'size'; worker ended once in timeout: Task timed out"
    )
    assert explained("it waits", Row("id", "queued"), (KEY_ERROR, TIMED_OUT)).startswith(said)
    assert explained("it waits", None, ()) == "it waits"
