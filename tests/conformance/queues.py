"""Queues for tests: made, filled, emptied."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.conformance.aws import Aws
from tests.conformance.waiting import DEADLINE_S, eventually

_SENDERS = ["events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"]


@dataclass(frozen=True)
class Queue:
    """A queue that AWS's services may send to."""

    sqs: Any
    name: str
    url: str
    arn: str

    def send(self, *bodies: str, **more: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def receive(self, wait_s: int = 1, **more: Any) -> list[dict[str, Any]]:
        """Receive once, with all attributes."""
        arguments = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], **more}
        answer = self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=wait_s, MessageSystemAttributeNames=["All"], **arguments
        )
        return list(answer.get("Messages", []))

    def receive_one(self, **more: Any) -> dict[str, Any]:
        """Wait for a message."""
        found = eventually(
            lambda: self.receive(wait_s=2, **{"MaxNumberOfMessages": 1, **more}),
            what=f"a message in {self.name}",
        )
        return found[0]

    def delete(self, message: dict[str, Any]) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def take(self, count: int, deadline_s: float = DEADLINE_S) -> list[dict[str, Any]]:
        """Receive and delete until `count` messages have come; a further one that came with them is returned,
        too."""
        taken: list[dict[str, Any]] = []

        def enough() -> bool:
            for message in self.receive():
                self.delete(message)
                taken.append(message)
            return len(taken) >= count

        eventually(enough, deadline_s, what=f"message number {count} in {self.name}")
        return taken

    def take_json(self, count: int) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.take(count)]

    def attribute(self, name: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return str(answer["Attributes"][name])

    def left(self) -> int:
        """Return how many messages the queue holds, visible or in flight."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(self.attribute(name)) for name in names)


def create_queue(aws: Aws, *, fifo: bool = False, **attributes: str) -> Queue:
    """Make a queue that is removed with the test."""
    name = aws.name("queue") + (".fifo" if fifo else "")
    arn = f"arn:aws:sqs:{aws.account.region}:{aws.account.account_id}:{name}"
    given = {"Policy": _policy(arn), **({"FifoQueue": "true"} if fifo else {}), **attributes}
    url = aws.sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    aws.at_end(lambda: aws.sqs.delete_queue(QueueUrl=url))
    return Queue(aws.sqs, name, url, arn)


def create_with_dead_letters(
    aws: Aws, receives: int, *, fifo: bool = False, **attributes: str
) -> tuple[Queue, Queue]:
    """Make a queue and its dead-letter queue."""
    dead = create_queue(aws, fifo=fifo)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    return create_queue(aws, fifo=fifo, RedrivePolicy=policy, **attributes), dead


def _policy(arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": _SENDERS},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
