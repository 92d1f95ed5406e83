"""What the folder of a run tells about one file: ledger, SFTP server, settled row, and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.clock import from_iso
from harness.load.ledger_format import Event
from harness.measure import handler_logs
from harness.measure.handler_logs import LogLine
from harness.measure.records import FileRecord, Outcome
from harness.measure.stages import STAGES, duration_s
from harness.trace.finding import json_lines, ledger_lines
from harness.trace.story import FileRef, Moment, Story

_SFTP_NOISE = frozenset({"at", "stream", "activity-type", "resource-arn", "session-id", "path"})
_LOG_NOISE = frozenset(
    {
        "timestamp",
        "level",
        "location",
        "message",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "xray_trace_id",
        "file_ids",
    }
)
"""What every line of the handlers' logger holds, and the other files of a batch."""
ROW_TIMES = (
    ("queued_at", "sent to the work queue (SentTimestamp)"),
    ("first_received_at", "received from it for the first time"),
    ("handler_started_at", "a handler began"),
    ("handler_ended_at", "the handler was done"),
)
_PLATFORM = re.compile(r"^(START|END|REPORT|INIT_START) ")
_MAX_ENGINE_LINES = 20
_MAX_LINE = 400


def tell(story: Story, run_dir: Path) -> None:
    """Add what the folder knows; raises `SettleError` and `ReportError`."""
    if not (lines := list(_from_ledger(story.file, run_dir))):
        story.gaps.append("The ledger has no line about it: it was changed after the run, or is missing.")
    story.moments += lines
    story.facts += _clocks(run_dir)
    sessions: set[str] = set()
    story.moments += _from_uploads(story.file, run_dir, sessions)
    story.moments += _from_sftp_log(story.file, run_dir, sessions)
    story.moments += _from_row(story.file.settled)
    story.moments += _from_engine_log(story.file, run_dir)
    _add_saved_logs(story, run_dir)


def _from_ledger(file: FileRef, run_dir: Path) -> Iterator[Moment]:
    for line in ledger_lines(run_dir, [file.ledger_id]):
        if line.get("id") != file.ledger_id:
            continue
        at = line["intended_at"] if line["e"] == Event.OFFERED else line["at"]
        told = {name: value for name, value in line.items() if name not in ("e", "id", "at", "intended_at")}
        yield Moment(at, "ledger", _sentence(_LEDGER_WORDS.get(line["e"], line["e"]), told))


def _clocks(run_dir: Path) -> Iterator[tuple[str, str]]:
    """Tell of generators on other machines, whose clocks were measured and whose times are corrected."""
    for line in ledger_lines(run_dir, ["clock_ahead_s"]):
        if line.get("e") == Event.HEADER:
            ahead, error = line["clock_ahead_s"] * 1000, line.get("clock_error_s", 0.0) * 1000
            text = f"the ledger of worker {line['worker']} is corrected by {ahead:+.1f} ms (± {error:.1f} ms)"
            yield "clock", text


_LEDGER_WORDS = {
    "offered": "was to be uploaded (intended time)",
    "started": "the client began",
    "uploaded": "the client had the close confirmed",
    "upload_failed": "the upload failed",
    "aborted": "the upload was cut off",
    "not_started": "the client could not start it in time",
}


def _from_uploads(file: FileRef, run_dir: Path, sessions: set[str]) -> Iterator[Moment]:
    """Tell what the SFTP server wrote down, and note the sessions."""
    for line in json_lines(run_dir / "ledger" / "uploads.jsonl", list(file.names)):
        if line.get("key") not in file.names:
            continue
        if session := line.get("session_id"):
            sessions.add(session)
        told = {name: line[name] for name in ("version_id", "size_bytes", "reason", "etag") if line.get(name)}
        yield Moment(line.get("closed_at") or line["at"], "sftp", _sentence(f"upload {line['event']}", told))


def _from_sftp_log(file: FileRef, run_dir: Path, sessions: set[str]) -> Iterator[Moment]:
    for line in json_lines(run_dir / "sftp.log", [*file.names, *sessions]):
        path, kind = line.get("path"), line.get("activity-type", "")
        about = path is not None and path.endswith(file.names)
        of_session = path is None and line.get("session-id") in sessions
        if about or of_session:
            told = {name: value for name, value in line.items() if name not in _SFTP_NOISE}
            yield Moment(from_iso(line["at"]), "sftp log", _sentence(kind, told))


def _from_row(settled: Mapping[str, Any]) -> Iterator[Moment]:
    for column, text in ROW_TIMES:
        at: datetime | None = settled.get(column)
        if at is not None:
            yield Moment(at.timestamp(), "row", text)


def _from_engine_log(file: FileRef, run_dir: Path) -> Iterator[Moment]:
    path = run_dir / "engine.log"
    if not path.exists():
        return
    told = 0
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in log:
            # LocalStack tells of each event and rule that do not fit together; that is no news.
            if any(mark in line for mark in file.marks) and "matches_rule" not in line:
                told += 1
                if told > _MAX_ENGINE_LINES:
                    return
                if (at := _engine_time(line)) is not None:
                    yield Moment(at, "engine log", line[24:].strip()[:_MAX_LINE])


def _engine_time(line: str) -> float | None:
    """LocalStack logs in the local time of its process, to the millisecond."""
    try:
        return datetime.fromisoformat(line[:23]).timestamp()
    except ValueError:
        return None


def _add_saved_logs(story: Story, run_dir: Path) -> None:
    lines, complete = handler_logs.read(run_dir)
    story.moments += log_moments(story.file, lines)
    if not complete:
        story.gaps.append(
            "The run's folder holds only a part of what the handlers logged."
            if lines
            else "The run's folder holds nothing of what the handlers logged."
        )


def log_moments(file: FileRef, lines: Iterable[LogLine]) -> Iterator[Moment]:
    """Tell the lines about the file, and what Lambda itself says of the requests that worked on it."""
    known = list(lines)
    about = [line for line in known if any(mark in line.message for mark in file.marks)]
    requests = {request for line in about if (request := request_of(line.message))}
    for line in known:
        platform = _PLATFORM.match(line.message) and any(request in line.message for request in requests)
        if platform or line in about:
            yield Moment(line.at, f"log {line.group.rpartition('/')[2]}", _log_text(line.message))


def request_of(message: str) -> str | None:
    """Return the Lambda request that logged a line, where the line says so."""
    data = _json_object(message)
    return data.get("function_request_id") if data else None


def _log_text(message: str) -> str:
    data = _json_object(message)
    if data is None:
        return " ".join(message.split())[:_MAX_LINE]
    told = {name: value for name, value in data.items() if name not in _LOG_NOISE and value is not None}
    if "execution_arn" in data:
        return _sentence(f"{data.get('type')}", _details_of(data))
    return _sentence(f"{data.get('level', '')} {data.get('message', '')}".strip(), told)


def _details_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event in a state machine's log tells besides data.

    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    details = event.get("details") or {}
    told = {name: details[name] for name in ("name", "error", "cause") if details.get(name)}
    return told | {"execution": event["execution_arn"].rpartition(":")[2]}


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _sentence(what: str, told: Mapping[str, Any]) -> str:
    details = ", ".join(f"{name} {_shown(value)}" for name, value in told.items())
    return f"{what}: {details}" if details else what


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def stages_of(settled: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the stages whose both ends are known, with the seconds that each took."""
    if not settled:
        return []
    known = {name: settled[name] for name in FileRecord.__slots__ if name in settled}
    times = {name: value.timestamp() for name, value in known.items() if isinstance(value, datetime)}
    record = FileRecord(**{**known, **times, "outcome": Outcome(settled["outcome"])})
    taken = ((stage, duration_s(record, stage)) for stage in STAGES)
    return [(stage, seconds) for stage, seconds in taken if seconds is not None]
