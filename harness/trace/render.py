"""A story as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.clock import to_iso
from harness.report.text import duration, printable
from harness.trace.folder import stages_of
from harness.trace.story import Story

CLOCKS = (
    "Clocks: `ledger` is the load generator's, `sftp` the SFTP server's, all else the engine's and its "
    "functions'. On one machine all read the same clock; only the resolution differs (queues and logs 1 ms, "
    "S3 1 s): neighbours closer than that may be out of order."
)


_MAX_CHARS = 240


def text_of(story: Story) -> Iterator[str]:
    """Yield the lines of a story in the order of time, counted from the intended one; long ones are cut."""
    file, settled = story.file, story.file.settled
    yield f"File      {file.ledger_id}"
    yield f"Key       {printable(file.key)}"
    if file.file_id:
        yield f"File id   {file.file_id}, version {file.version_id}"
    yield f"Outcome   {_outcome(settled)}"
    yield ""
    moments = story.in_order()
    width = max((len(moment.source) for moment in moments), default=0)
    zero = story.began_at
    for moment in moments:
        since = f"{moment.at - zero:+11.3f} s"
        yield f"{since}  {moment.source:<{width}}  {_cut(printable(moment.text))}"
    if moments:
        yield f"{'':>13}  (0 is {to_iso(zero)})"
    yield ""
    if stages := stages_of(settled):
        yield "Stages    " + ", ".join(f"{name} {duration(seconds)}" for name, seconds in stages)
    for name, told in story.facts:
        yield f"{name.capitalize():<9} {printable(told)}"
    for gap in story.gaps:
        yield f"Not known {gap}"
    yield CLOCKS


def _cut(text: str) -> str:
    """Errors say at their beginning what is wrong."""
    return text if len(text) <= _MAX_CHARS else f"{text[: _MAX_CHARS - 1]}…"


def _outcome(settled: Any) -> str:
    if not settled:
        return "not settled yet"
    cause = f", cause {printable(settled['cause'])}" if settled.get("cause") else ""
    attempts = f", {settled['attempts']} attempts" if (settled.get("attempts") or 0) > 1 else ""
    return f"{settled['outcome']}{cause}{attempts}"


def data_of(story: Story) -> dict[str, Any]:
    """Return a story in plain JSON types."""
    file = story.file
    return {
        "ledger_id": file.ledger_id,
        "key": file.key,
        "file_id": file.file_id,
        "version_id": file.version_id,
        "outcome": file.settled.get("outcome"),
        "cause": file.settled.get("cause"),
        "stages_ms": {name: round(seconds * 1000, 3) for name, seconds in stages_of(file.settled)},
        "moments": [
            {"at": to_iso(moment.at), "source": moment.source, "text": moment.text}
            for moment in story.in_order()
        ],
        "facts": dict(story.facts),
        "not_known": story.gaps,
    }
