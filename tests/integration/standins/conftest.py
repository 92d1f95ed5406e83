"""Queues, functions and state machines for stand-ins, named by each test, on the engine of the session."""

from __future__ import annotations

import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.aws import client
from harness.engines.base import EngineInfo
from harness.standins.process import Part

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/test"


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait for a condition, or fail saying which."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


class Aws:
    """What tests make on the engine, under names of their own."""

    def __init__(self, engine: EngineInfo) -> None:
        self.engine = engine
        self.prefix = uuid.uuid4().hex[:8]
        self.sqs = client("sqs", engine)
        self.lambda_ = client("lambda", engine)
        self.states = client("stepfunctions", engine)
        self.logs = client("logs", engine)
        self.s3 = client("s3", engine)

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Create a queue; return its URL and its ARN."""
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", **attributes}
        url = self.sqs.create_queue(QueueName=f"{self.prefix}-{name}", Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.prefix}-{name}"

    def send(self, url: str, *bodies: Any, **more: str) -> None:
        for start in range(0, len(bodies), 10):
            entries = [
                {
                    "Id": str(number),
                    "MessageBody": body if isinstance(body, str) else json.dumps(body),
                    **more,
                }
                for number, body in enumerate(bodies[start : start + 10])
            ]
            answer = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
            assert "Failed" not in answer

    def take(self, url: str, count: int, timeout_s: float = 30.0) -> list[dict[str, Any]]:
        """Receive and delete until so many messages have come."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + timeout_s
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages came"
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
        return found

    def held(self, url: str) -> int:
        """Count the messages of a queue, hidden ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def function(self, name: str, source: str, **more: Any) -> str:
        """Create a Python function `handler.handler`; return its ARN."""
        answer = self.lambda_.create_function(
            FunctionName=f"{self.prefix}-{name}",
            Runtime="python3.11",
            Handler="handler.handler",
            Role=ROLE,
            Code={"ZipFile": zipped({"handler.py": source})},
            **more,
        )
        self.lambda_.get_waiter("function_active_v2").wait(
            FunctionName=answer["FunctionName"], WaiterConfig={"Delay": 1}
        )
        return str(answer["FunctionArn"])

    def machine(self, name: str) -> str:
        """Create a Standard state machine that ends at once; return its ARN."""
        definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
        answer = self.states.create_state_machine(
            name=f"{self.prefix}-{name}", definition=json.dumps(definition), roleArn=ROLE
        )
        return str(answer["stateMachineArn"])

    def code(self, files: dict[str, str]) -> dict[str, str]:
        """Put a package into S3; return where it is."""
        bucket, key = f"{self.prefix}-code", f"{uuid.uuid4().hex}.zip"
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key=key, Body=zipped(files))
        return {"bucket": bucket, "key": key}


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in files.items():
            archive.writestr(name, textwrap.dedent(source))
    return buffer.getvalue()


@pytest.fixture
def aws(localstack: EngineInfo) -> Aws:
    return Aws(localstack)


@pytest.fixture
def running() -> Iterator[Callable[[Part], None]]:
    """Run parts in threads until the test ends; an error that ended one of them fails the test."""
    with ThreadPoolExecutor() as pool:
        parts: list[Part] = []
        ends = []

        def start(part: Part) -> None:
            parts.append(part)
            ends.append(pool.submit(part.run))

        yield start
        for part in parts:
            part.stop()
        for end in ends:
            end.result(timeout=30)
