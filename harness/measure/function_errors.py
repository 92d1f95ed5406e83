"""What the pipeline's functions ended in, for files that stayed behind although no row says why.

A function that cannot be imported, runs out of memory or of time writes no row, but its log tells. Python's
runtime logs what the handler raised; what ended otherwise is named in Lambda's last line about the invocation
(https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html), with JSON logs in a `platform.report`
(https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html).
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness.exceptions import AwsError
from harness.measure.handler_logs import HandlerLogs
from harness.measure.rows import Row

NOT_ASKED = frozenset({"recorder"})
"""Roles that hold up no file: what the recorder could not write is counted in its own dead-letter queue."""
TIMEOUT = "timeout"
_MOST_LINES = 1000
_MOST_S = 10.0
"""Somebody waits for the report, and the kinds of errors are few."""
_MOST_TYPES = 3
_PHRASES = ("Status: ", "[ERROR]", "errorType", "Task timed out")
"""Each line that tells of an error has one of these."""
_REPORT = re.compile(r"REPORT RequestId: .*\tStatus: (?P<status>\w+)(?:\tError Type: (?P<type>\S+))?")
_RAISED = re.compile(r"\[ERROR\] (?P<type>[\w.]+)(?:: (?P<message>[^\r\n]*))?")
_TIMED_OUT = re.compile(r"\S+Z \S+ (?P<message>Task timed out after .*)")
_BEFORE_MESSAGE = re.compile(r"^RequestId: \S+ Error: ")


@dataclass(frozen=True, slots=True)
class FunctionErrors:
    """Invocations of one function that ended in one type of error.

    :param role: of the function, such as `worker`
    :param count: how many invocations, at least
    :param message: what the first of them said; empty where nothing tells
    """

    role: str
    error_type: str
    count: int
    message: str = ""

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count:,} times"
        return f"{self.role} ended {times} in {self.error_type}" + (
            f": {self.message}" if self.message else ""
        )


def read(client: Any, functions: Mapping[str, str], since: float) -> tuple[FunctionErrors, ...]:
    """Return what these functions ended in since then (epoch seconds), those with most errors first.

    A log that may not be read tells nothing.

    :param client: boto3's for CloudWatch Logs
    :param functions: role to name
    :raises StackLostError: the engine does not answer
    """
    until = time.monotonic() + _MOST_S
    found: list[FunctionErrors] = []
    for role, name in functions.items():
        if role not in NOT_ASKED:
            logs = HandlerLogs(client, [f"/aws/lambda/{name}"], until=until)
            try:
                found += _of_function(role, logs, since)
            except AwsError:
                continue
    return tuple(sorted(found, key=lambda errors: -errors.count))


def common_type(errors: Iterable[FunctionErrors]) -> str | None:
    """Return the type of all of them; `None` where there are several, or none."""
    types = {each.error_type for each in errors}
    return types.pop() if len(types) == 1 else None


def explained(text: str, row: Row | None, errors: Iterable[FunctionErrors]) -> str:
    """Return the text with the file's own last error, or else with those of the functions."""
    if row and row.error_type:
        return f"{text}; its last error was {row.error_type}: {row.error_message}"
    return "; ".join([text, *(str(each) for each in islice(errors, _MOST_TYPES))])


def _of_function(role: str, logs: HandlerLogs, since: float) -> Iterator[FunctionErrors]:
    raised, reported = Counter[str](), Counter[str]()
    messages: dict[str, str] = {}
    for phrase in _PHRASES:
        for line in islice(logs.about(phrase, since), _MOST_LINES):
            if error_type := _reported(line.message):
                reported[error_type] += 1
            elif found := _raised(line.message):
                raised[found[0]] += 1
                messages.setdefault(*found)
    # Many an error is in lines of both sorts.
    for error_type, count in (raised | reported).most_common(_MOST_TYPES):
        message = messages.get(error_type) or _line_about(error_type, logs, since)
        yield FunctionErrors(role, error_type, count, message)


def _reported(line: str) -> str | None:
    """Return the type of error that Lambda's last line about an invocation tells of."""
    if found := _REPORT.match(line):
        return found["type"] or (None if found["status"] == "success" else found["status"])
    logged = _object(line)
    if logged.get("type") != "platform.report" or not isinstance(record := logged.get("record"), dict):
        return None
    status = str(record.get("status", "success"))
    return None if status == "success" else str(record.get("errorType") or status)


def _raised(line: str) -> tuple[str, str] | None:
    """Return type and message of an error of which a line of the runtime's tells, or of a time-out."""
    if found := _RAISED.match(line):
        return found["type"], (found["message"] or "").strip()
    if found := _TIMED_OUT.match(line):
        return TIMEOUT, found["message"].strip()
    logged = _object(line)
    if "errorType" in logged and "errorMessage" in logged:
        return str(logged["errorType"]), str(logged["errorMessage"]).partition("\n")[0]
    return None


def _line_about(error_type: str, logs: HandlerLogs, since: float) -> str:
    """Return the first line with an error that only Lambda itself tells of."""
    for line in islice(logs.about(error_type, since), _MOST_LINES):
        if not (_reported(line.message) or line.message.startswith("INIT_REPORT ")):
            return _BEFORE_MESSAGE.sub("", line.message).partition("\n")[0].strip()
    return ""


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
