"""What one batch has to do: a task for each upload, and chains of those that must be done in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger

from pipeline.common.events import Delivery, MalformedRecordError, Upload, parse_delivery, parse_upload
from pipeline.records.batched import Held
from pipeline.transfer.copying import Copied, SupersededError

logger = Logger(child=True)


@dataclass
class Task:
    """One upload of a batch, with all messages of the batch that carry it; or a message that carries none."""

    deliveries: list[Delivery]
    upload: Upload | None
    held: Held | None = None
    """Set when the upload has been claimed, and must be copied."""
    problem: BaseException | None = None
    """Why there is nothing to copy, or why the copy failed."""
    copied: Copied | None = None
    duration_s: float = 0.0
    was_tried: bool = False
    """Set where the upload turned out to be partial only after somebody had begun to copy it."""

    @property
    def failed(self) -> bool:
        """Whether the message must come again. An upload that is superseded is done."""
        return self.problem is not None and not isinstance(self.problem, SupersededError)

    @property
    def is_open(self) -> bool:
        """Whether the upload has been claimed and nothing has come of it."""
        return self.held is not None and self.copied is None and self.problem is None

    @property
    def is_settled(self) -> bool:
        """Whether the upload had ended before."""
        return self.upload is not None and self.held is None and self.problem is None

    @property
    def name(self) -> str:
        """The upload's `file_id`, or the id of a message that has none."""
        return self.upload.file_id if self.upload else self.deliveries[0].message_id

    @property
    def receive_count(self) -> int:
        return min(delivery.receive_count for delivery in self.deliveries)


@dataclass
class Chain:
    """Tasks that are done one after the other: those of one message group. On a Standard queue it is one."""

    tasks: list[Task] = field(default_factory=list)


def read(records: Sequence[Mapping[str, Any]]) -> list[Chain]:
    """Return the tasks of a batch. Directory markers have none; their messages are done.

    Messages that carry the same upload make one task, since a duplicate shares the fate of its twin.
    """
    tasks: dict[str, Task] = {}
    chains: dict[str, Chain] = {}
    for record in records:
        task = _task(record)
        if task is None:
            continue
        if twin := tasks.get(task.name):
            twin.deliveries += task.deliveries
            continue
        tasks[task.name] = task
        group = task.deliveries[0].group
        chains.setdefault(f"group {group}" if group else f"task {task.name}", Chain()).tasks.append(task)
    return list(chains.values())


def _task(record: Mapping[str, Any]) -> Task | None:
    delivery, body = parse_delivery(record), record["body"]
    try:
        upload = parse_upload(body)
    except MalformedRecordError as exc:
        extra = {"message_id": delivery.message_id, "reason": str(exc), "body": body[:500]}
        logger.error("Malformed message", extra=extra)
        return Task([delivery], None, problem=exc)
    if upload.is_directory_marker:
        logger.info("Directory marker ignored", extra={"key": upload.key})
        return None
    return Task([delivery], upload)
