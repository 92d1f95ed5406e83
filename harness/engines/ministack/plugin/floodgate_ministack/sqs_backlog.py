"""Receiving and deleting cost the same however many messages wait.

MiniStack goes through the whole queue several times for each call: with 30,000 messages, 70 ms of its one
processor for a receive and 160 ms for a receive and a delete, so that a pipeline that has fallen behind falls
behind further. Here a receive looks no further than the last message that it takes, and a delete no further
than the last that it removes; both are found in front. Which message may be received, and which is a dead
letter, MiniStack's own functions decide, each time for the few messages that it is about.

A receipt handle that is no longer the newest deletes nothing and is no error, as on AWS; MiniStack refuses
it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
"""

from __future__ import annotations

import time
import uuid
from importlib import import_module
from itertools import islice
from typing import Any

from floodgate_ministack.sqs_messages import LOCK, Queue, replace

EXPIRY_CHECKED_EVERY_S = 1.0
"""The retention period of a queue is at least a minute."""


class Backlog:
    """MiniStack's operations on the messages of a standard queue, and all deletes.

    :param sqs: MiniStack's module, with a lock around its functions
    """

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self._collect_all, self._sweep_all = sqs._collect_msgs, sqs._dlq_sweep
        self._expire_all = sqs._expire_retained

    def collect(self, queue: Queue, at_most: int, visibility_s: int) -> list[dict[str, Any]]:
        """Receive; messages that were received too often become dead letters on the way."""
        with LOCK:
            if queue["is_fifo"]:
                found: list[dict[str, Any]] = self._collect_all(queue, at_most, visibility_s)
                return found
            part = {**queue, "messages": self._front(queue, at_most)}
            return list(self._collect_all(part, at_most, visibility_s))

    def sweep(self, queue: Queue) -> None:
        """Move dead letters of a FIFO queue, all of them; those of others are moved by `collect`."""
        if queue["is_fifo"]:
            self._sweep_all(queue)

    def expire(self, queue: Queue) -> None:
        """Drop what is older than the queue keeps its messages."""
        now = time.monotonic()
        if now - queue.expired_at >= EXPIRY_CHECKED_EVERY_S:
            queue.expired_at = now
            self._expire_all(queue)

    def delete(self, data: dict[str, Any], url: str) -> dict[str, Any]:
        """DeleteMessage."""
        queue = self._sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
        handle = data.get("ReceiptHandle", "")
        if not handle:
            raise self._sqs._Err("MissingParameter", "The request must contain the parameter ReceiptHandle.")
        if not is_handle(handle):
            raise self._sqs._Err("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        queue.delete([handle])
        return {}

    def delete_batch(self, data: dict[str, Any], url: str) -> dict[str, Any]:
        """DeleteMessageBatch."""
        queue = self._sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
        entries = data.get("Entries", [])
        self._sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
        good = [entry for entry in entries if is_handle(entry.get("ReceiptHandle", ""))]
        queue.delete([entry["ReceiptHandle"] for entry in good])
        return {
            "Successful": [{"Id": entry["Id"]} for entry in good],
            "Failed": [_refused(entry["Id"]) for entry in entries if entry not in good],
        }

    def delete_handled(self, url: str, receipt_handles: set[str]) -> None:
        """Delete what a mapping's function has handled."""
        self._sqs._get_q(url).delete(receipt_handles)

    def _front(self, queue: Queue, at_most: int) -> list[dict[str, Any]]:
        """Return the first messages that can be received, none of them a dead letter."""
        while True:
            now = time.time()
            visible = (message for message in queue["messages"] if message["visible_at"] <= now)
            found = list(islice(visible, at_most))
            if not self._some_are_dead(queue, found):
                return found

    def _some_are_dead(self, queue: Queue, found: list[dict[str, Any]]) -> bool:
        """Move those of the messages that are dead letters; tell whether there were any."""
        part = {**queue, "messages": found}
        self._sweep_all(part)
        dead = {id(message) for message in found} - {id(message) for message in part["messages"]}
        queue.take_out(lambda message: id(message) in dead, len(dead))
        return bool(dead)


def is_handle(text: str) -> bool:
    """Tell whether a receipt handle may once have been given out."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def apply() -> None:
    """Take the place of what goes through whole queues; after `sqs_messages`."""
    sqs: Any = import_module("ministack.services.sqs")
    backlog = Backlog(sqs)
    sqs._collect_msgs, sqs._dlq_sweep, sqs._expire_retained = backlog.collect, backlog.sweep, backlog.expire
    sqs._delete_messages_for_esm = backlog.delete_handled
    replace(sqs, "_act_delete_message", backlog.delete)
    replace(sqs, "_act_delete_message_batch", backlog.delete_batch)


def _refused(entry_id: str) -> dict[str, Any]:
    return {
        "Id": entry_id,
        "Code": "ReceiptHandleIsInvalid",
        "Message": "The input receipt handle is invalid.",
        "SenderFault": True,
    }
