"""Messages of the dead-letter queues, joined with the rows of their files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from harness import aws, identity
from harness.clock import now
from harness.deadletters.sources import DeadLetterQueue, dead_letter_queues
from harness.engines.base import EngineInfo
from harness.engines.registry import queue_peeker
from harness.measure import queues
from harness.measure.row_reader import RowReader
from harness.measure.rows import Row
from harness.stack.description import StackDescription


@dataclass(frozen=True)
class DeadLetter:
    """One message, and what the table says about its file. Fields as in `dlq list --json`."""

    queue: str
    """Role of its queue in the stack's description."""
    message_id: str
    key: str | None
    version_id: str | None
    file_id: str | None
    receive_count: int
    age_s: float
    status: str | None
    """Of the file's row; None without a row."""
    cause: str | None
    error_message: str | None
    attempts: int | None
    redrives: int


@dataclass(frozen=True)
class Selection:
    """Which dead letters are meant; all of them unless keys or file ids are given."""

    keys: Collection[str] = ()
    file_ids: Collection[str] = ()

    @property
    def is_all(self) -> bool:
        return not (self.keys or self.file_ids)

    def includes(self, key: str | None, file_id: str | None) -> bool:
        return self.is_all or key in self.keys or file_id in self.file_ids


def read(description: StackDescription) -> list[DeadLetter]:
    """Return what all dead-letter queues of a stack hold, the oldest first.

    :raises StackLostError: the engine does not answer
    :raises AwsError: a queue or the table cannot be read
    """
    engine = description.engine
    found: list[tuple[str, dict[str, Any], queues.QueueMessage]] = []
    for queue in dead_letter_queues(description.queues):
        found += [(queue.role, message, queues.read(message)) for message in _look(engine, queue)]
    rows = rows_of(description, [file_id_of(description, about) for _, _, about in found])
    letters = [_letter(description, rows, *parts) for parts in found]
    return sorted(letters, key=lambda letter: -letter.age_s)


def file_id_of(description: StackDescription, about: queues.QueueMessage) -> str | None:
    """Return the `file_id` of the object that a message is about, `None` where it names none."""
    if about.key is None:
        return None
    return identity.file_id(description.buckets["source"], about.key, about.version_id or "null")


def rows_of(description: StackDescription, file_ids: Sequence[str | None]) -> dict[str, Row]:
    """Return the rows that exist, none where the pipeline has no table; raises as `read`."""
    if not description.table:
        return {}
    reader = RowReader(aws.client("dynamodb", description.engine), description.table)
    return reader.fetch((file_id for file_id in file_ids if file_id), consistent=True)


def _look(engine: EngineInfo, queue: DeadLetterQueue) -> list[dict[str, Any]]:
    return queues.dead_letter_messages(aws.client("sqs", engine), queue.url, queue_peeker(engine))


def _letter(
    description: StackDescription,
    rows: dict[str, Row],
    role: str,
    message: dict[str, Any],
    about: queues.QueueMessage,
) -> DeadLetter:
    attributes = message.get("Attributes") or {}
    file_id = file_id_of(description, about)
    row = rows.get(file_id or "")
    return DeadLetter(
        queue=role,
        message_id=message["MessageId"],
        key=about.key,
        version_id=about.version_id,
        file_id=file_id,
        receive_count=int(attributes.get("ApproximateReceiveCount", 0)),
        age_s=round(max(0.0, now() - int(attributes.get("SentTimestamp", 0)) / 1000), 1),
        status=row.status if row else None,
        cause=(row.error_type if row else None) or about.error,
        error_message=row.error_message if row else None,
        attempts=row.attempts if row else None,
        redrives=(row.redrives or 0) if row else 0,
    )
