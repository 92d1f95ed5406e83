"""What the handlers logged, saved within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from harness.exceptions import AwsError
from harness.measure.handler_logs import FILE_NAME, HandlerLogs, LogLine, read, save

pytestmark = pytest.mark.unit

GROUPS = ("/aws/lambda/worker", "/aws/transfer/server", "/aws/lambda/gone")


class Logs:
    """CloudWatch Logs with one group of so many lines."""

    def __init__(self, lines: int, *, error: str = "ResourceNotFoundException") -> None:
        self._lines = lines
        self._error = error

    def get_paginator(self, _operation: str) -> Logs:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if asked["logGroupName"] != GROUPS[0]:
            raise botocore.exceptions.ClientError({"Error": {"Code": self._error}}, "FilterLogEvents")
        word = json.loads(asked.get("filterPattern", '""'))
        for number in range(self._lines):
            message = f"line {number}.\n"
            if number * 1000 >= asked["startTime"] and word in message:
                yield {"events": [{"timestamp": number * 1000, "logStreamName": "s", "message": message}]}


def messages(run_dir: Path) -> list[str]:
    return [line.message for line in read(run_dir)[0]]


def test_all_lines_of_the_run_are_saved_where_they_fit(tmp_path: Path) -> None:
    assert save(HandlerLogs(Logs(5), GROUPS), tmp_path, since=2.0, examples=["line 4."])
    assert messages(tmp_path) == ["line 2.", "line 3.", "line 4."]
    assert read(tmp_path)[1]


def test_of_more_lines_those_about_the_examples_are_saved_besides_the_first(tmp_path: Path) -> None:
    logs = HandlerLogs(Logs(100), GROUPS)
    assert not save(logs, tmp_path, since=0, examples=["line 77.", "line 1."], max_lines=3)
    assert messages(tmp_path) == ["line 0.", "line 1.", "line 2.", "line 77."]
    assert not read(tmp_path)[1]


def test_reading_ends_when_its_time_is_over(tmp_path: Path) -> None:
    ticks = iter(range(0, 1000, 8))
    saved = save(
        HandlerLogs(Logs(100), GROUPS), tmp_path, since=0, examples=[], clock=lambda: float(next(ticks))
    )
    assert not saved
    assert messages(tmp_path) == ["line 0.", "line 1."]


def test_an_error_of_the_engine_is_told(tmp_path: Path) -> None:
    logs = HandlerLogs(Logs(1, error="AccessDeniedException"), GROUPS)
    with pytest.raises(AwsError, match="AccessDeniedException"):
        save(logs, tmp_path, since=0, examples=[])


def test_a_folder_without_saved_lines_holds_none_of_them(tmp_path: Path) -> None:
    assert read(tmp_path) == ([], False)


def test_a_damaged_line_is_left_out_and_the_rest_is_a_part(tmp_path: Path) -> None:
    whole = LogLine(1.0, "g", "s", "m")
    good = json.dumps(asdict(whole)).encode()
    (tmp_path / FILE_NAME).write_bytes(good + b"\n" + b"\xff\xfe[]\n" + b"[1]\n" + good[:20])
    assert read(tmp_path) == ([whole], False)
