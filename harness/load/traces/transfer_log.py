"""A trace as the structured JSON log of AWS Transfer Family: each upload is an arrival.

https://docs.aws.amazon.com/transfer/latest/userguide/cw-example-logs.html shows the entries. They carry no
time of their own, which is why a line may be any of these, as the ways out of CloudWatch write them:

    {"timestamp": 1700000000123, "message": "{\\"activity-type\\": …}"}
        one event of `aws logs filter-log-events`, as `jq -c '.events[]'` puts it on a line
    2026-11-23T06:27:13.374Z {"activity-type": …}
        an export to S3, or `aws logs tail --format short`
    2026-11-23T06:27:13.374000+00:00 user.5f… {"activity-type": …}
        `aws logs tail`
    {"at": "2026-11-23T06:27:13.374395Z", "activity-type": …}
        `sftp.log` in a run folder of Floodgate

An upload arrives when its file is opened, and is known with its size when it is closed; where the log begins
later than the open, the time of the close stands for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.load.profiles.model import Trace
from harness.load.traces.csv_file import opened
from harness.load.traces.rows import BadCellError, BadRow, Row, customer_of, seconds, size_of

_CLOSES = frozenset({"CLOSE", "PARTIAL_CLOSE"})


def rows(path: Path, _trace: Trace) -> Iterator[Row | BadRow]:
    """Yield the uploads in the order of their ends; raises `OSError` or `ValueError` as reading does."""
    sessions = _Sessions()
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if "{" not in line:
                continue  # what a server says beside its log, or an empty line
            upload: Row | BadRow | None
            try:
                upload = sessions.take(number, _entry(line))
            except BadCellError as exc:
                upload = BadRow(number, str(exc))
            if upload is not None:
                yield upload


class _Sessions:
    """What has to be remembered of sessions: who they are of, and what is open in them."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}
        self._opened: dict[str, dict[str, float]] = {}

    def take(self, number: int, entry: dict[str, Any]) -> Row | None:
        """Return the upload that ends with this entry, if one does."""
        activity, session = entry.get("activity-type"), str(entry.get("session-id"))
        path = str(entry.get("path"))
        if activity == "CONNECTED":
            self._users[session] = str(entry.get("user"))
        elif activity == "DISCONNECTED":
            self._users.pop(session, None)
            self._opened.pop(session, None)
        elif activity == "OPEN":
            self._opened.setdefault(session, {})[path] = _time(entry)
        elif activity in _CLOSES:
            opened_at = self._opened.get(session, {}).pop(path, None)
            if "bytes-in" in entry:
                time_s = _time(entry) if opened_at is None else opened_at
                return Row(number, time_s, size_of(entry["bytes-in"]), self._user(session, entry))
        return None

    def _user(self, session: str, entry: dict[str, Any]) -> str | None:
        """Return who it was; log streams are called `<user>.<session id>`."""
        stream = str(entry.get("stream") or "").removesuffix(f".{session}")
        return customer_of(self._users.get(session) or stream)


def _entry(line: str) -> dict[str, Any]:
    """Return the log's entry with its time as `at`, and its stream where it is known; or `BadCellError`."""
    before, brace, rest = line.partition("{")
    outer = _object(brace + rest)
    time, stream, *_ = [*before.split(), None, None]
    entry = (
        _object(outer["message"]) if isinstance(outer.get("message"), str) and "timestamp" in outer else outer
    )
    stated = {"at": outer.get("timestamp") or time, "stream": outer.get("logStreamName") or stream}
    return entry | {name: value for name, value in stated.items() if value is not None}


def _time(entry: dict[str, Any]) -> float:
    if "at" not in entry:
        raise BadCellError("no time: see `aws logs filter-log-events`, or `aws logs tail`")
    return seconds(entry["at"])


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadCellError(f"no JSON ({exc})") from None
    if not isinstance(found, dict):
        raise BadCellError("no JSON object")
    return found
