"""The two ways of moving messages out of a dead-letter queue.

SQS moves a whole Standard queue by itself. Chosen messages, and those of FIFO queues (which would be taken
for repetitions of themselves), are sent again one by one: first sent, then deleted, so that a stop at any
moment leaves a message twice rather than not at all, and a file is delivered once all the same.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.aws import translated
from harness.deadletters.sources import DeadLetterQueue, is_fifo
from harness.exceptions import AwsError, EnvironmentNotReadyError
from harness.measure.queues import put_back

_HOLD_S = 600
"""How long received messages are hidden from others while they are looked through."""
_RECEIVE_WAIT_S = 1
_LOOK_EVERY_S = 0.2
_ONE_TASK = "already a task running"
MAX_MOVE_PER_S = 500
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""

Message = dict[str, Any]
"""In ReceiveMessage's shape."""


@dataclass
class Pace:
    """At most `per_s` messages a second; None: as fast as it goes."""

    per_s: float | None
    begun: float = field(default_factory=time.monotonic)
    _count: int = 0

    def wait(self) -> None:
        """Wait until the next message may go."""
        if self.per_s is None:
            return
        due = self.begun + self._count / self.per_s
        self._count += 1
        time.sleep(max(0.0, due - time.monotonic()))


def move_all(sqs: Any, queue: DeadLetterQueue, per_s: float | None) -> int:
    """Have SQS move all messages back to the queues that they came from; return how many it moved.

    Ctrl-C cancels it: what has been moved stays moved, the rest stays where it is.

    :raises EnvironmentNotReadyError: somebody else moves them already
    :raises AwsError: SQS refuses or fails
    """
    arn = queue_arn(sqs, queue.url)
    limit = {} if per_s is None else {"MaxNumberOfMessagesPerSecond": max(1, min(MAX_MOVE_PER_S, int(per_s)))}
    handle = _start(sqs, SourceArn=arn, **limit)
    with translated("moving dead letters back"):
        try:
            return _await_move(sqs, arn)
        except BaseException:
            _cancel(sqs, handle)
            raise


def _start(sqs: Any, **task: Any) -> str:
    """Start the task; SQS runs one at a time for a queue, and says which error that is in words only."""
    try:
        with translated("moving dead letters back"):
            return str(sqs.start_message_move_task(**task)["TaskHandle"])
    except AwsError as exc:
        if _ONE_TASK not in exc.message:
            raise
        raise EnvironmentNotReadyError(
            "these dead letters are being moved back by somebody else already",
            hint="Wait for the other redrive, or stop it; what it leaves can be redriven then.",
        ) from exc


def _await_move(sqs: Any, arn: str) -> int:
    while True:
        task = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]
        if task["Status"] == "COMPLETED":
            return int(task.get("ApproximateNumberOfMessagesMoved", 0))
        if task["Status"] != "RUNNING":
            reason = task.get("FailureReason", "no reason given")
            raise AwsError(
                f"moving dead letters back ended as {task['Status']}: {reason}", code=task["Status"]
            )
        time.sleep(_LOOK_EVERY_S)


def _cancel(sqs: Any, handle: str) -> None:
    try:
        with translated("stopping the move"):
            sqs.cancel_message_move_task(TaskHandle=handle)
    except AwsError as exc:
        if exc.code not in ("ResourceNotFoundException", "UnsupportedOperation"):  # it has ended already
            raise


def queue_arn(sqs: Any, url: str) -> str:
    """Return a queue's ARN."""
    with translated("looking up a queue"):
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


@contextmanager
def chosen(sqs: Any, url: str, wanted: Callable[[Message], bool]) -> Iterator[Iterator[Message]]:
    """Yield the wanted messages of a queue, received; what was not deleted becomes visible again at the end.

    In a FIFO queue a message that is not wanted hides those behind it in its group.
    """
    passed_by: dict[str, Message] = {}
    try:
        yield _receive(sqs, url, wanted, passed_by)
    finally:
        put_back(sqs, url, list(passed_by.values()))


def _receive(
    sqs: Any, url: str, wanted: Callable[[Message], bool], passed_by: dict[str, Message]
) -> Iterator[Message]:
    while True:
        with translated("reading the dead-letter queue"):
            answer = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                VisibilityTimeout=_HOLD_S,
                WaitTimeSeconds=_RECEIVE_WAIT_S,
            )
        messages = answer.get("Messages") or []
        if not messages or all(message["MessageId"] in passed_by for message in messages):
            return
        # All are ours to put back, whatever happens while the first of them is worked on.
        passed_by.update({message["MessageId"]: message for message in messages})
        for message in messages:
            if wanted(message):
                yield message
                del passed_by[message["MessageId"]]


def send_again(sqs: Any, message: Message, queue: DeadLetterQueue, group: str) -> None:
    """Send a message to the queue that it is brought back to, then delete it here.

    :param group: message group, should the target be FIFO and the message have none
    """
    assert queue.back_to is not None
    request: dict[str, Any] = {"QueueUrl": queue.back_to, "MessageBody": message["Body"]}
    if attributes := _kept_attributes(message):
        request["MessageAttributes"] = attributes
    if is_fifo(queue.back_to):
        own_group = message.get("Attributes", {}).get("MessageGroupId")
        request |= {"MessageGroupId": own_group or group, "MessageDeduplicationId": uuid.uuid4().hex}
    with translated("sending a dead letter back"):
        sqs.send_message(**request)
    with translated("deleting a dead letter that was sent back"):
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])


def _kept_attributes(message: Message) -> dict[str, Any]:
    """The sender's own; those that EventBridge adds to what it could not deliver say nothing any more."""
    attributes = message.get("MessageAttributes") or {}
    return {} if "ERROR_CODE" in attributes else attributes
