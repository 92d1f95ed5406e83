"""FIFO queues: what LocalStack does to a message group, and to messages that move between queues.

    sqs-fifo-groups        a group may be received as soon as one of its messages is visible again (4.9.2), or
                           not before every earlier message of the whole queue is (4.14.0). Here: when none of
                           its own messages is in flight: a batch that failed comes back whole and in order
    sqs-fifo-moved         a message that goes to a dead-letter queue for the second time within five minutes
                           is taken for a repeated send, and lost
    sqs-move-new-message   StartMessageMoveTask keeps receive count and id; on AWS a message that is moved
                           back is a new one

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_OF_THE_OLD_MESSAGE = (
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "DeadLetterQueueSourceArn",
    "SequenceNumber",
)


@named_patch("sqs-fifo-groups")
def apply_groups() -> None:
    from localstack.services.sqs.models import FifoQueue

    def requeue_inflight_messages(self: Any) -> None:
        with self.mutex:
            for message in [each for each in self.inflight if each.is_visible]:
                _no_longer_in_flight(self, message)
                self._put_message(message)

    def put_message(self: Any, message: Any) -> None:
        with self.mutex:
            group = self.get_message_group(message.message_group_id)
            was_empty = group.empty()
            group.push(message)
            if group not in self.inflight_groups:
                if was_empty:
                    self.message_group_queue.put_nowait(group)
            elif message.receive_count:
                self.update_message_group_visibility(group)

    replace(FifoQueue, "requeue_inflight_messages", requeue_inflight_messages)
    replace(FifoQueue, "_put_message", put_message)


def _no_longer_in_flight(queue: Any, message: Any) -> None:
    if isinstance(queue.inflight, set):  # 4.9.2
        queue.inflight.discard(message)
    else:
        queue.inflight.pop(message, None)


@named_patch("sqs-fifo-moved")
def apply_moved() -> None:
    from localstack.services.sqs.models import FifoQueue

    def put(self: Any, message: Any, **arguments: Any) -> Any:
        if "DeadLetterQueueSourceArn" in (message.get("Attributes") or {}):
            self.deduplication.pop(arguments.get("message_deduplication_id"), None)
        return original(self, message=message, **arguments)

    original = replace(FifoQueue, "put", put)


@named_patch("sqs-move-new-message")
def apply_new_message() -> None:
    from localstack.services.sqs.provider import MessageMoveTaskManager

    def get_queue_by_arn(self: Any, queue_arn: str) -> Any:
        return _MoveTarget(original(self, queue_arn))

    original = replace(MessageMoveTaskManager, "_get_queue_by_arn", get_queue_by_arn)


class _MoveTarget:
    """A queue that takes what a move task puts into it for new messages; in all else the queue itself."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def put(self, message: dict[str, Any], **arguments: Any) -> Any:
        deduplication = getattr(self._queue, "deduplication", {})
        deduplication.pop(arguments.get("message_deduplication_id"), None)
        return self._queue.put(message=as_new(message), **arguments)


def as_new(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with the same content, sent now and never received."""
    attributes = {
        name: value
        for name, value in (message.get("Attributes") or {}).items()
        if name not in _OF_THE_OLD_MESSAGE
    }
    attributes["SentTimestamp"] = str(int(time.time() * 1000))
    return {**message, "MessageId": str(uuid.uuid4()), "Attributes": attributes}


def apply() -> None:
    apply_groups()
    apply_moved()
    apply_new_message()
