"""A queue, a function and the mapping between them; what the function saw comes by another queue."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tests.conformance.account import Account
from tests.conformance.aws import Aws
from tests.conformance.functions import create_function
from tests.conformance.queues import Queue, create_queue
from tests.conformance.waiting import DEADLINE_S, eventually

JUDGE = """
    import json, os, time
    import boto3

    sqs = boto3.client("sqs")

    def handler(event, context):
        started = time.time()
        orders = [json.loads(record["body"]) for record in event["Records"]]
        time.sleep(max(order.get("s", 0) for order in orders))
        told = {"n": [order["n"] for order in orders], "started": started, "ended": time.time(),
                "records": event["Records"]}
        sqs.send_message(QueueUrl=orders[0]["notes"], MessageBody=json.dumps(told))
        if any(order.get("do") == "raise" for order in orders):
            raise RuntimeError("asked to")
        if any(order.get("do") == "malformed" for order in orders):
            return {"batchItemFailures": [{"itemIdentifier": ""}]}
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}
                for record, order in zip(event["Records"], orders) if order.get("do") == "fail"]}
"""
"""Does with a batch what its messages say, and tells of it in the queue that they name."""


def judge(account: Account) -> str:
    """Return the name of the function that most tests of mappings share."""
    name = f"cf-judge-{account.unique}"
    create_function(account, account, name, JUDGE, Timeout=2)
    return name


@dataclass
class Mapping:
    """One mapping, with the queue of notes."""

    aws: Aws
    queue: Queue
    notes: Queue
    function: str
    identifier: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)

    def send(self, *numbers: int, group: str | None = None, delay_s: int = 0, **order: Any) -> None:
        """Send a message for each number, with an order for the handler."""
        for number in numbers:
            body = json.dumps({"n": number, "notes": self.notes.url, **order})
            more: dict[str, Any] = {"DelaySeconds": delay_s} if delay_s else {}
            if group:
                more |= {"MessageGroupId": group, "MessageDeduplicationId": str(number)}
            self.queue.send(body, **more)

    def send_batch(self, *orders: dict[str, Any]) -> None:
        """Send messages with one call."""
        entries = [
            {"Id": str(number), "MessageBody": json.dumps({"n": number, "notes": self.notes.url, **order})}
            for number, order in enumerate(orders)
        ]
        self.queue.sqs.send_message_batch(QueueUrl=self.queue.url, Entries=entries)

    def wait(self, *numbers: int, deadline_s: float = DEADLINE_S) -> None:
        """Wait until the handler has told of all of these."""

        def all_came() -> bool:
            for message in self.notes.receive():
                self.notes.delete(message)
                self.seen.append(json.loads(message["Body"]))
            return not set(numbers) - set(self.numbers())

        eventually(all_came, deadline_s, what=f"handling {numbers}")

    def wait_for_receives(self, receives: dict[int, int]) -> None:
        """Wait until messages have been handled so many times."""

        def enough() -> bool:
            self.wait()
            return all(self.numbers().count(number) >= count for number, count in receives.items())

        eventually(enough, what=f"receives {receives}")

    def numbers(self) -> list[int]:
        """Return the numbers of all messages that the handler told of, with repetitions."""
        return [number for note in self.seen for number in note["n"]]

    def most_at_once(self) -> int:
        changes = [(note["started"], 1) for note in self.seen] + [(note["ended"], -1) for note in self.seen]
        return max(accumulate(change for _, change in sorted(changes)))

    def wait_for_state(self, state: str) -> None:
        eventually(
            lambda: self.aws.functions.get_event_source_mapping(UUID=self.identifier)["State"] == state,
            120 if self.aws.account.is_real else DEADLINE_S,
            what=f"the mapping's state {state}",
        )


def create_mapping(aws: Aws, queue: Queue, function: str | None = None, **more: Any) -> Mapping:
    """Map a queue to a function, and wait until that is in force.

    :param function: its name; None takes the one that tests share
    """
    made = Mapping(aws, queue, create_queue(aws), function or aws.account.shared(judge))
    made.identifier = aws.functions.create_event_source_mapping(
        FunctionName=made.function, EventSourceArn=queue.arn, **more
    )["UUID"]
    aws.at_end(lambda: _remove(aws, made.identifier))
    made.wait_for_state("Enabled")
    return made


def _remove(aws: Aws, identifier: str) -> None:
    """Delete a mapping, and wait for that: its queue is deleted next."""
    aws.functions.delete_event_source_mapping(UUID=identifier)
    deadline = time.monotonic() + DEADLINE_S
    missing = aws.functions.exceptions.ResourceNotFoundException
    while time.monotonic() < deadline:
        try:
            aws.functions.get_event_source_mapping(UUID=identifier)
        except missing:
            return
        time.sleep(0.1)
