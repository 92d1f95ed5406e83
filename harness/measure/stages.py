"""How long each stage of a file's way took: design.md, "Measuring".

A stage is the time between two named moments. It is `None` where one of them is unknown, and a negative
value (two clocks, or an answer that arrives after the work behind it has begun) is shown as it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from operator import attrgetter

from harness.measure.histogram import summarize
from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Latency

Moments = tuple[str, str]
"""Two columns of a record."""

STAGES: dict[str, Moments] = {
    "lag": ("intended_at", "started_at"),
    "sftp_upload": ("started_at", "closed_at"),
    "event_delivery": ("closed_at", "queued_at"),
    "queue_wait": ("queued_at", "first_received_at"),
    "dispatch": ("first_received_at", "handler_started_at"),
    "transfer": ("handler_started_at", "handler_ended_at"),
    "end_to_end": ("intended_at", "handler_ended_at"),
}
"""Name to the moments that it lies between. `lag` and `end_to_end` count from the intended time."""

_DELIVERED_ONLY = "end_to_end"
"""Only delivered files have this stage, or else a quick failure would pass for speed."""

QUEUE_STAGES = frozenset({"event_delivery", "queue_wait", "dispatch"})
"""Stages of a way that goes over a work queue."""


def duration_s(record: FileRecord, stage: str) -> float | None:
    """Return how long `stage` took, `None` where it was not reached or its moments are not known."""
    if stage == _DELIVERED_ONLY and record.outcome is not Outcome.DELIVERED:
        return None
    begin, end = STAGES[stage]
    began_at, ended_at = getattr(record, begin), getattr(record, end)
    return None if began_at is None or ended_at is None else ended_at - began_at


def durations_s(records: Sequence[FileRecord], stage: str) -> array[float]:
    """Return `duration_s` of the records that have one: stage by stage, a million of them take a second."""
    if stage == _DELIVERED_ONLY:
        records = [record for record in records if record.outcome is Outcome.DELIVERED]
    begin, end = (map(attrgetter(column), records) for column in STAGES[stage])
    moments = zip(begin, end, strict=True)
    return array("d", [b - a for a, b in moments if a is not None and b is not None])


def latencies(records: Sequence[FileRecord], *, has_queue: bool) -> dict[str, Latency | None]:
    """Return `latency_ms` of `summary.json`; a stage that the route does not have is `None`.

    :param has_queue: files wait in a work queue, as where neither rule nor Pipe starts a state machine
    """
    absent = frozenset() if has_queue else QUEUE_STAGES
    return {stage: None if stage in absent else summarize(durations_s(records, stage)) for stage in STAGES}


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
