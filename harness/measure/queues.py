"""What is still in a queue, without disturbing it.

An engine that can list messages without receiving them (`registry.queue_peeker`) is asked for them.
Elsewhere the work queue is only counted, because receiving from it would take messages from the workers and
raise their receive counts; the dead-letter queue, which nobody works on, is received from and every message
is put back at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from harness.aws import translated
from harness.exceptions import AwsError

PeekQueue = Callable[[str], list[dict[str, Any]]]
"""Queue URL to its messages in ReceiveMessage's shape (`MessageId`, `Body`, …), visible or not."""

_DEPTH_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_ERROR_ATTRIBUTES = ("ERROR_CODE", "ERROR_MESSAGE")
"""On messages of a rule's dead-letter queue (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html)."""
_PEEK_ATTEMPTS = 5
_HOLD_S = 120
"""How long received dead letters are hidden while the rest is read; putting them back ends it early."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """The object that one message is about; both are `None` where the body names none."""

    key: str | None = None
    version_id: str | None = None
    error: str | None = None
    """Why EventBridge could not deliver it, where it says so."""
    notice: str | None = None
    """The event of Transfer Family that it is instead, as JSON: an upload broke off, and nobody has seen to
    it. It names no version, so it says nothing about any one upload of its key."""


@dataclass(frozen=True, slots=True)
class QueueView:
    """One look at a queue. `messages` is `None` where they could only be counted."""

    depth: int
    messages: Sequence[QueueMessage] | None = None

    def __add__(self, other: QueueView) -> QueueView:
        """Return both queues as one, whose messages are known only where those of both are."""
        known = self.messages is not None and other.messages is not None
        messages = [*(self.messages or ()), *(other.messages or ())] if known else None
        return QueueView(self.depth + other.depth, messages)


def depth(client: Any, queue_url: str) -> int:
    """Return how many messages the queue holds: visible, received and delayed ones."""
    with translated("counting the messages of a queue"):
        response = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_DEPTH_ATTRIBUTES))
    return sum(int(response["Attributes"].get(name, 0)) for name in _DEPTH_ATTRIBUTES)


def view(client: Any, queue_url: str, peek: PeekQueue | None) -> QueueView:
    """Look at a queue that others work on."""
    if peek is None:
        return QueueView(depth(client, queue_url))
    return _as_view(_peek_patiently(peek, queue_url))


def view_dead_letters(client: Any, queue_url: str, peek: PeekQueue | None) -> QueueView:
    """Look at a dead-letter queue; where it must be received from, each receive count rises by one."""
    return _as_view(dead_letter_messages(client, queue_url, peek))


def dead_letter_messages(client: Any, queue_url: str, peek: PeekQueue | None) -> list[dict[str, Any]]:
    """Return a dead-letter queue's messages in ReceiveMessage's shape; see `view_dead_letters`."""
    found = _peek_patiently(peek, queue_url) if peek else _receive_and_put_back(client, queue_url)
    return list({message["MessageId"]: message for message in found}.values())


def _peek_patiently(peek: PeekQueue, queue_url: str) -> list[dict[str, Any]]:
    """Listing a queue that changes meanwhile fails in LocalStack now and then, so it is tried again."""
    for _ in range(_PEEK_ATTEMPTS - 1):
        try:
            return peek(queue_url)
        except AwsError as exc:
            if "NonExistentQueue" in exc.code or "QueueDoesNotExist" in exc.code:
                raise
    return peek(queue_url)


def _as_view(messages: Sequence[dict[str, Any]]) -> QueueView:
    distinct = {message["MessageId"]: message for message in messages}
    return QueueView(len(distinct), [read(message) for message in distinct.values()])


def read(message: dict[str, Any]) -> QueueMessage:
    """Read what a message in ReceiveMessage's shape is about."""
    attributes = message.get("MessageAttributes") or {}
    told = [attributes[name].get("StringValue", "") for name in _ERROR_ATTRIBUTES if name in attributes]
    about = parse_body(message["Body"])
    return replace(about, error=": ".join(told)) if told else about


def _receive_and_put_back(client: Any, queue_url: str) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = []
    try:
        while True:
            with translated("reading the dead-letter queue"):
                response = client.receive_message(
                    QueueUrl=queue_url,
                    MaxNumberOfMessages=10,
                    AttributeNames=["All"],
                    MessageAttributeNames=["All"],
                    VisibilityTimeout=_HOLD_S,
                    WaitTimeSeconds=1,
                )
            if not response.get("Messages"):
                return held
            held.extend(response["Messages"])
    finally:
        put_back(client, queue_url, held)


def put_back(client: Any, queue_url: str, held: Sequence[dict[str, Any]]) -> None:
    """Make received messages visible again at once."""
    for start in range(0, len(held), 10):
        entries = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for index, message in enumerate(held[start : start + 10])
        ]
        with translated("putting messages back into the dead-letter queue"):
            client.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)


def parse_body(body: str) -> QueueMessage:
    """Read which object an EventBridge `Object Created` event or an S3 notification is about.

    A Pipe's enrichment wraps it: `{"customer_id", "file_id", "event": <the event>}`, alone or in a list.
    """
    try:
        event = json.loads(body)
    except ValueError:
        return QueueMessage()
    if isinstance(event, list) and event:
        event = event[0]
    if isinstance(event, dict):
        event = event.get("event", event)
    if not isinstance(event, dict):
        return QueueMessage()
    if notice := _notice(event):
        return notice
    if isinstance(records := event.get("Records"), list) and records and isinstance(records[0], dict):
        return _from_notification(records[0])
    detail = event.get("detail")
    described = detail.get("object") if isinstance(detail, dict) else None
    if not isinstance(described, dict):
        return QueueMessage()
    return QueueMessage(described.get("key"), described.get("version-id"))


def _notice(event: dict[str, Any]) -> QueueMessage | None:
    """Read an event of Transfer Family: as its rule could not deliver it, or as the function failed on it.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    told = event.get("requestPayload", event)
    if not isinstance(told, dict) or told.get("source") != "aws.transfer":
        return None
    failed = event.get("responsePayload")
    error = failed.get("errorMessage") if isinstance(failed, dict) else None
    return QueueMessage(error=error, notice=json.dumps(told))


def _from_notification(record: dict[str, Any]) -> QueueMessage:
    described = record.get("s3", {}).get("object", {})
    key = described.get("key")
    # S3's own notifications encode the key like a form, EventBridge events do not
    # (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
    return QueueMessage(unquote_plus(key) if key else None, described.get("versionId"))
