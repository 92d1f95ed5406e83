"""The stages of a file's way, in the order in which it takes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage of `latency_ms`, between two columns of `files.parquet`."""

    name: str
    label: str
    start: str
    end: str
    meaning: str


WAY = (
    Stage("lag", "Start lag", "intended_at", "started_at", "intended start to real start"),
    Stage("sftp_upload", "SFTP upload", "started_at", "closed_at", "start to clean close at the client"),
    Stage("event_delivery", "Event delivery", "closed_at", "queued_at", "close to the message in the queue"),
    Stage("queue_wait", "Queue wait", "queued_at", "first_received_at", "in the queue until first received"),
    Stage("dispatch", "Dispatch", "first_received_at", "handler_started_at", "received to handler start"),
    Stage("transfer", "Transfer", "handler_started_at", "handler_ended_at", "inside the handler"),
)
END_TO_END = Stage(
    "end_to_end", "End to end", "intended_at", "handler_ended_at", "intended start to the end of the handler"
)
STAGES = (*WAY, END_TO_END)
