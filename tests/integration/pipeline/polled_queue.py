"""Buckets, a work queue and a table without CloudFormation, and worker processes on them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.aws import client
from harness.engines.base import EngineInfo
from harness.identity import file_id
from tests.integration.pipeline.conftest import wait_until

REPOSITORY = Path(__file__).parents[3]
VISIBILITY_TIMEOUT_S = 4
MAX_RECEIVES = 3


class PolledQueue:
    """What an ECS worker works on. Every test makes its own."""

    def __init__(self, engine: EngineInfo, *, fifo: bool = False) -> None:
        self.engine = engine
        self.s3, self.sqs, self.dynamodb = (client(name, engine) for name in ("s3", "sqs", "dynamodb"))
        self.name = f"polled-{uuid.uuid4().hex[:8]}"
        self.fifo = fifo
        self.source, self.destination = (self._bucket(side) for side in ("source", "destination"))
        self.dlq_url = self._queue("dlq", {})
        redrive = {"deadLetterTargetArn": self._arn(self.dlq_url), "maxReceiveCount": MAX_RECEIVES}
        self.url = self._queue("work", {"RedrivePolicy": json.dumps(redrive)})
        make_table(self.dynamodb, self.name)

    def put(self, key: str, body: bytes = b"hello", **more: Any) -> str:
        """Upload, and return the `file_id`."""
        put = self.s3.put_object(Bucket=self.source, Key=key, Body=body, **more)
        identity = file_id(self.source, key, put["VersionId"])
        self._send(key, body, put["VersionId"], identity)
        return identity

    def row(self, identity: str) -> dict[str, str]:
        key = {"file_id": {"S": identity}}
        item = self.dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item", {})
        return {name: str(next(iter(value.values()))) for name, value in item.items()}

    def wait_for(self, identity: str, status: str, *, attempts: int = 0) -> dict[str, str]:
        def look() -> dict[str, str] | None:
            row = self.row(identity)
            return row if row.get("status") == status and int(row["attempts"]) >= attempts else None

        return wait_until(look, lambda: f"{self.row(identity)}")

    def delivered(self) -> list[str]:
        """Return the keys of all destination versions, in the order in which they were made."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.destination)
        versions = [version for page in pages for version in page.get("Versions", [])]
        return [version["Key"] for version in versions]

    def messages(self) -> int:
        """Return how many messages the queue holds, hidden ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    @contextmanager
    def worker(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Run a worker process; one that still runs in the end is killed."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.worker"],
            cwd=REPOSITORY,
            env=self._environment() | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.engine.endpoint_url,
            "AWS_REGION": self.engine.region,
            "AWS_ACCESS_KEY_ID": self.engine.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.engine.secret_access_key,
            "POWERTOOLS_SERVICE_NAME": "file-transfer",
            "DESTINATION_BUCKET": self.destination,
            "TABLE_NAME": self.name,
            "WORK_QUEUE_URL": self.url,
            "VISIBILITY_TIMEOUT_S": str(VISIBILITY_TIMEOUT_S),
            "RETRY_DELAYS_S": "0,1,0",
            "RECEIVE_WAIT_S": "1",
            "STOP_TIMEOUT_S": "10",
            "READ_TIMEOUT_S": "20",
            "PART_CONCURRENCY": "2",
            "MAX_ATTEMPTS": str(MAX_RECEIVES),
        }

    def _send(self, key: str, body: bytes, version_id: str, identity: str) -> None:
        found = {
            "key": key,
            "size": len(body),
            "etag": hashlib.md5(body).hexdigest(),
            "version-id": version_id,
            "sequencer": "00",
        }
        event = {
            "detail-type": "Object Created",
            "source": "aws.s3",
            "time": "2026-11-22T20:05:23Z",
            "detail": {"bucket": {"name": self.source}, "object": found},
        }
        group = {"MessageGroupId": key.split("/")[0], "MessageDeduplicationId": identity}
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=json.dumps(event), **(group if self.fifo else {})
        )

    def _bucket(self, side: str) -> str:
        name = f"{self.name}-{side}"
        self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def _queue(self, purpose: str, attributes: dict[str, str]) -> str:
        kind = {"FifoQueue": "true"} if self.fifo else {}
        answer = self.sqs.create_queue(
            QueueName=f"{self.name}-{purpose}{'.fifo' if self.fifo else ''}",
            Attributes={"VisibilityTimeout": str(VISIBILITY_TIMEOUT_S), **attributes, **kind},
        )
        return str(answer["QueueUrl"])

    def _arn(self, url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])


def make_table(dynamodb: Any, name: str) -> None:
    """Make an empty metadata table."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
    )


def stop(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Stop a worker as ECS does; return its log lines. It must exit with 0."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return [json.loads(line) for line in output.splitlines()]
