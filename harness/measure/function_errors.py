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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from harness.exceptions import AwsError
from harness.measure.handler_logs import HandlerLogs
from harness.measure.rows import Row

_NOT_ASKED = frozenset({"recorder", "quarantine", "notify"})
"""Roles of our own pipeline that take no message about a file from a queue."""
_TIMEOUT = "timeout"
_ASKED_FIRST = ("worker", "starter", "enrichment")
"""Roles that take them."""
_MOST_LINES = 1000
_MOST_S = 10.0
"""Somebody waits for the report, and the kinds of errors are few."""
_MOST_TYPES = 3
_MOST_CHARACTERS = 500
_BATCH = 10
"""How many files one invocation may hold up: the messages that a mapping brings unless told otherwise."""
_PHRASES = ("Status: error", "Status: timeout", "[ERROR]", "errorType", "Task timed out")
"""Each line that tells of an error has one of these."""
_REPORT = re.compile(r"REPORT RequestId: .*\tStatus: (?P<status>\w+)(?:\tError Type: (?P<type>\S+))?")
_RAISED = re.compile(r"\[ERROR\] (?P<type>[\w.]+)(?:: (?P<message>[^\r\n]*))?[\r\n]")
_TRACEBACK = "Traceback (most recent call last):"
"""Follows in the runtime's own lines, though not where a handler prints one that begins alike."""
_TIMED_OUT = re.compile(r"\S+Z \S+ (?P<message>Task timed out after .*)")
_BEFORE_MESSAGE = re.compile(r"^RequestId: \S+ Error: ")


@dataclass(frozen=True, slots=True)
class FunctionErrors:
    """Invocations of one function that ended in one type of error.

    :param role: of the function, such as `worker`
    :param count: how many invocations
    :param message: what the first of them said; empty where nothing tells
    :param is_cut_off: there may be more of them
    """

    role: str
    error_type: str
    count: int
    message: str = ""
    is_cut_off: bool = False

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count:,} times"
        text = f"{self.role} ended {'at least ' if self.is_cut_off else ''}{times} in {self.error_type}"
        return f"{text}: {self.message}" if self.message else text


def read(client: Any, functions: Mapping[str, str], since: float) -> tuple[FunctionErrors, ...]:
    """Return what these functions ended in since then (epoch seconds), those with most errors first.

    A log that may not be read tells nothing.

    :param client: boto3's for CloudWatch Logs
    :param functions: role to name
    :raises StackLostError: the engine does not answer
    """
    until = time.monotonic() + _MOST_S
    found: list[FunctionErrors] = []
    for role in sorted(functions.keys() - _NOT_ASKED, key=lambda role: (role not in _ASKED_FIRST, role)):
        logs = HandlerLogs(client, [f"/aws/lambda/{functions[role]}"], until=until)
        try:
            found += _of_function(role, logs, since)
        except AwsError:
            continue
    return tuple(sorted(found, key=lambda errors: -errors.count))


def common_type(errors: Sequence[FunctionErrors], files: int) -> str | None:
    """Return the type of all of them; `None` where there are several, or too few for so many files."""
    types = {each.error_type for each in errors}
    may_be_all = (
        any(each.is_cut_off for each in errors) or sum(each.count for each in errors) * _BATCH >= files
    )
    return types.pop() if len(types) == 1 and may_be_all else None


def explained(text: str, row: Row | None, errors: tuple[FunctionErrors, ...]) -> str:
    """Return the text with the file's own last error, or else with those of the functions."""
    if row and row.error_type:
        return f"{text}; its last error was {row.error_type}: {row.error_message}"
    return _with_errors(text, errors)


@lru_cache(maxsize=16)
def _with_errors(text: str, errors: tuple[FunctionErrors, ...]) -> str:
    """One text for all files, of which there may be a million."""
    return "; ".join([text, *(str(each) for each in errors[:_MOST_TYPES])])


def _of_function(role: str, logs: HandlerLogs, since: float) -> Iterator[FunctionErrors]:
    raised, reported = Counter[str](), Counter[str]()
    messages: dict[str, str] = {}
    found = list(islice(_errors(logs, since), _MOST_LINES))
    for error_type, said in found:
        if said is None:
            reported[error_type] += 1
        else:
            raised[error_type] += 1
            messages.setdefault(error_type, said)
    # Many an error is in lines of both sorts.
    for error_type, count in (raised | reported).most_common(_MOST_TYPES):
        message = messages.get(error_type) or _line_about(error_type, logs, since)
        yield FunctionErrors(role, error_type, count, message, is_cut_off=len(found) == _MOST_LINES)


def _errors(logs: HandlerLogs, since: float) -> Iterator[tuple[str, str | None]]:
    """Yield type and message of what each line tells of; no message where Lambda itself reports."""
    for place, phrase in enumerate(_PHRASES):
        for line in logs.about(phrase, since):
            text = line.message
            # MiniStack takes a phrase for a pattern, and finds other lines as well.
            is_new = phrase in text and not any(earlier in text for earlier in _PHRASES[:place])
            if is_new and (error_type := _reported(text)):
                yield error_type, None
            elif is_new and (raised := _raised(text)):
                yield raised


def _reported(line: str) -> str | None:
    """Return the type of error that Lambda's last line about an invocation tells of."""
    if found := _REPORT.match(line):
        status, error_type = found["status"], found["type"]
    else:
        logged = _object(line)
        if logged.get("type") != "platform.report" or not isinstance(record := logged.get("record"), dict):
            return None
        status, error_type = record.get("status", "success"), record.get("errorType")
    return None if status == "success" else _short(str(error_type or status))


def _raised(line: str) -> tuple[str, str] | None:
    """Return type and message of an error of which a line of the runtime's tells, or of a time-out."""
    if (found := _RAISED.match(line)) and _TRACEBACK in line:
        return _short(found["type"]), _short((found["message"] or "").strip())
    if found := _TIMED_OUT.match(line):
        return _TIMEOUT, _short(found["message"].strip())
    logged = _object(line)
    error_type, message = logged.get("errorType"), logged.get("errorMessage")
    # What a handler logs names its logger besides.
    if not (error_type and isinstance(error_type, str) and isinstance(message, str)) or "logger" in logged:
        return None
    return _short(error_type), _short(message.partition("\n")[0])


def _line_about(error_type: str, logs: HandlerLogs, since: float) -> str:
    """Return the first line with an error that only Lambda itself tells of."""
    for line in islice(logs.about(error_type, since), _MOST_LINES):
        text = line.message
        if error_type in text and not (_reported(text) or text.startswith("INIT_REPORT ")):
            return _short(_BEFORE_MESSAGE.sub("", text).partition("\n")[0].strip())
    return ""


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
