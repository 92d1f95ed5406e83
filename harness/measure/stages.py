"""How long each stage of a file's way took: design.md, "Measuring".

A stage is the time between two named moments. It is `None` where one of them is unknown, and a negative
value (two clocks, or an answer that arrives after the work behind it has begun) is shown as it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable

from harness.measure.histogram import summarize
from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Latency

Moments = tuple[Callable[[FileRecord], float | None], Callable[[FileRecord], float | None]]


def _intended(record: FileRecord) -> float | None:
    return record.intended_at


def _started(record: FileRecord) -> float | None:
    return record.started_at


def _closed(record: FileRecord) -> float | None:
    return record.closed_at


def _queued(record: FileRecord) -> float | None:
    return record.queued_at


def _received(record: FileRecord) -> float | None:
    return record.first_received_at


def _handler_started(record: FileRecord) -> float | None:
    return record.handler_started_at


def _handler_ended(record: FileRecord) -> float | None:
    return record.handler_ended_at


def _delivered(record: FileRecord) -> float | None:
    """The end of the way; only for delivered files, or else a quick failure would pass for speed."""
    return record.handler_ended_at if record.outcome is Outcome.DELIVERED else None


STAGES: dict[str, Moments] = {
    "lag": (_intended, _started),
    "sftp_upload": (_started, _closed),
    "event_delivery": (_closed, _queued),
    "queue_wait": (_queued, _received),
    "dispatch": (_received, _handler_started),
    "transfer": (_handler_started, _handler_ended),
    "end_to_end": (_intended, _delivered),
}
"""Name to the moments that it lies between. `lag` and `end_to_end` count from the intended time."""

QUEUE_STAGES = frozenset({"event_delivery", "queue_wait", "dispatch"})
"""Stages of a way that goes over a work queue."""


def duration_s(record: FileRecord, stage: str) -> float | None:
    """Return how long `stage` took, `None` where it was not reached or its moments are not known."""
    begin, end = STAGES[stage]
    began_at, ended_at = begin(record), end(record)
    return None if began_at is None or ended_at is None else ended_at - began_at


def latencies(records: Iterable[FileRecord], *, has_queue: bool) -> dict[str, Latency | None]:
    """Return `latency_ms` of `summary.json`; a stage that the route does not have is `None`.

    :param has_queue: files wait in a work queue, as where neither rule nor Pipe starts a state machine
    """
    samples = {stage: array("d") for stage in STAGES}
    for record in records:
        for stage, taken in samples.items():
            seconds = duration_s(record, stage)
            if seconds is not None:
                taken.append(seconds)
    absent = frozenset() if has_queue else QUEUE_STAGES
    return {stage: None if stage in absent else summarize(taken) for stage, taken in samples.items()}


def last_stage(record: FileRecord) -> str:
    """Return the stage that a file which did not arrive had got to."""
    if record.handler_started_at is not None:
        return "transfer"
    if record.first_received_at is not None:
        return "dispatch"
    if record.queued_at is not None:
        return "queue_wait"
    if record.closed_at is not None or record.version_id is not None:
        return "event_delivery"
    return "sftp_upload" if record.started_at is not None else "lag"
