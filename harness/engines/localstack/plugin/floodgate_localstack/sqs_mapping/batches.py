"""From messages to payloads, and from a function's answer to the messages that are done.

Imports nothing of LocalStack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_ENVELOPE_BYTES = len('{"Records":[]}')


@dataclass(frozen=True)
class Message:
    """One received message.

    :param event: the record that the function will see
    """

    message_id: str
    receipt_handle: str
    event: dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Messages that are handed to the function in one invocation."""

    messages: tuple[Message, ...]
    payload: bytes


class BatchFailedError(Exception):
    """The function's answer makes the whole batch fail."""


def batches_of(messages: Iterable[Message], *, limit_bytes: int = PAYLOAD_LIMIT_BYTES) -> Iterator[Batch]:
    """Make batches whose payloads stay below the limit, in the order of the messages.

    A batch of a FIFO queue may hold several message groups, each in its order, as on AWS: a group has no
    second batch beside it, since SQS hands out no more of a group while some of it is in flight.
    """
    taken: list[Message] = []
    records: list[bytes] = []
    size_bytes = _ENVELOPE_BYTES
    for message in messages:
        record = json.dumps(message.event, separators=(",", ":")).encode()
        if taken and size_bytes + len(record) + 1 > limit_bytes:
            yield _batch(taken, records)
            taken, records, size_bytes = [], [], _ENVELOPE_BYTES
        taken.append(message)
        records.append(record)
        size_bytes += len(record) + 1
    if taken:
        yield _batch(taken, records)


def _batch(messages: list[Message], records: list[bytes]) -> Batch:
    return Batch(tuple(messages), b'{"Records":[' + b",".join(records) + b"]}")


def done_messages(batch: Batch, answer: bytes | None, *, reports_failures: bool) -> list[Message]:
    """Return the messages of a batch that the function has done, to be deleted.

    Without `ReportBatchItemFailures` that is all of them. With it: an empty answer or list means all done, a
    list names those to keep.

    :raises BatchFailedError: the answer cannot be read, or names what is not in the batch
    """
    if not reports_failures:
        return list(batch.messages)
    kept = _reported_failures(answer)
    unknown = kept - {message.message_id for message in batch.messages}
    if unknown:
        raise BatchFailedError(f"itemIdentifier {sorted(unknown)[0]!r} is not in the batch")
    return [message for message in batch.messages if message.message_id not in kept]


def _reported_failures(answer: bytes | None) -> set[str]:
    if not answer:
        return set()
    try:
        response = json.loads(answer)
    except ValueError as exc:
        raise BatchFailedError(f"the answer is no JSON: {exc}") from exc
    if response is None or response == "":
        return set()
    if not isinstance(response, dict):
        raise BatchFailedError("the answer is no JSON object")
    items = response.get("batchItemFailures")
    if items is None:
        return set()
    if not isinstance(items, list):
        raise BatchFailedError("batchItemFailures is no list")
    return {_identifier(item) for item in items}


def _identifier(item: Any) -> str:
    identifier = item.get("itemIdentifier") if isinstance(item, dict) else None
    if not isinstance(identifier, str) or not identifier:
        raise BatchFailedError("an item of batchItemFailures has no itemIdentifier")
    return identifier
