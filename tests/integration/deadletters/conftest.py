"""Queues and a table of its own on the session's engine; the test plays the pipeline."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from harness import aws, identity
from harness.engines.base import EngineInfo
from harness.stack.description import SftpEndpoint, StackDescription


class Storage:
    """A stack without its functions: work queues with redrive policies, and the metadata table."""

    def __init__(self, engine: EngineInfo, *, fifo: bool) -> None:
        self.engine = engine
        self.sqs, self.dynamodb = aws.client("sqs", engine), aws.client("dynamodb", engine)
        self.name = f"dlq-{uuid.uuid4().hex[:8]}"
        self.fifo = fifo
        self.description = StackDescription(
            name=self.name,
            engine=engine,
            route="queued",
            sftp=SftpEndpoint("127.0.0.1", 1, "SHA256:x", "s-0"),
            users=[],
            buckets={"source": "source", "destination": "destination"},
            table=self._create_table(),
            queues=self._create_queues(),
            functions={},
        )

    def _create_table(self) -> str:
        self.dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return self.name

    def _create_queues(self) -> dict[str, str]:
        ending, fifo = (".fifo", {"FifoQueue": "true"}) if self.fifo else ("", {})
        dlq = self.sqs.create_queue(QueueName=f"{self.name}-dlq{ending}", Attributes=fifo)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        work = self.sqs.create_queue(
            QueueName=f"{self.name}-work{ending}",
            Attributes={**fifo, "RedrivePolicy": policy, "VisibilityTimeout": "0"},
        )["QueueUrl"]
        events = self.sqs.create_queue(QueueName=f"{self.name}-undelivered")["QueueUrl"]
        return {"work": work, "dlq": dlq, "undelivered_events": events}

    def delete(self) -> None:
        self.dynamodb.delete_table(TableName=self.name)
        for url in self.description.queues.values():
            self.sqs.delete_queue(QueueUrl=url)

    def send(self, queue: str, key: str, **attributes: Any) -> str:
        """Send an event about the key's version `v-<key>`; return its file id."""
        detail = {"bucket": {"name": "source"}, "object": {"key": key, "version-id": f"v-{key}"}}
        url = self.description.queues[queue]
        grouped = {"MessageGroupId": key.partition("/")[0], "MessageDeduplicationId": key}
        self.sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps({"detail-type": "Object Created", "detail": detail}),
            **(grouped if url.endswith(".fifo") else {}),
            **attributes,
        )
        return identity.file_id("source", key, f"v-{key}")

    def fail(self, *keys: str) -> list[str]:
        """Have files fail for good: SQS makes dead letters of their messages, rows say `failed`."""
        file_ids = [self.send("work", key) for key in keys]
        work = self.description.queues["work"]
        for _ in range(2):  # received once, and with the next receive moved to the dead-letter queue
            while self.sqs.receive_message(QueueUrl=work, MaxNumberOfMessages=10, VisibilityTimeout=0).get(
                "Messages"
            ):
                pass
        assert self.depth("dlq") >= len(keys)
        for file_id in file_ids:
            self.row(file_id, "failed", error_type="AccessDenied", attempts=3)
        return file_ids

    def row(self, file_id: str, status: str, **columns: str | int) -> None:
        values = {"file_id": file_id, "status": status, **columns}
        item: dict[str, Any] = {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in values.items()
        }
        self.dynamodb.put_item(TableName=self.name, Item=item)

    def item(self, file_id: str) -> dict[str, Any]:
        """Return a row's columns as plain texts."""
        found = self.dynamodb.get_item(
            TableName=self.name, Key={"file_id": {"S": file_id}}, ConsistentRead=True
        )
        return {name: next(iter(value.values())) for name, value in found["Item"].items()}

    def depth(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.description.queues[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """Take all messages that are visible."""
        url, taken = self.description.queues[queue], []
        while found := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=60
        ).get("Messages"):
            taken += found
            for message in found:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def keys_in(self, queue: str) -> list[str]:
        return [json.loads(message["Body"])["detail"]["object"]["key"] for message in self.receive(queue)]


@pytest.fixture
def storage(localstack: EngineInfo) -> Iterator[Storage]:
    made = Storage(localstack, fifo=False)
    yield made
    made.delete()


@pytest.fixture
def fifo(localstack: EngineInfo) -> Iterator[Storage]:
    made = Storage(localstack, fifo=True)
    yield made
    made.delete()
