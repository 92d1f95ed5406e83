"""Looking into a queue changes nothing in it."""

from __future__ import annotations

import uuid

import pytest

from harness.aws import client
from harness.engines.base import EngineInfo
from harness.engines.localstack import queues
from harness.engines.ports import HOST, free_port
from harness.exceptions import AwsError, StackLostError

pytestmark = pytest.mark.integration


def test_peeking_shows_all_messages_and_counts_as_no_receive(localstack: EngineInfo) -> None:
    sqs = client("sqs", localstack)
    url = sqs.create_queue(QueueName=f"peek-{uuid.uuid4()}")["QueueUrl"]
    assert queues.peek(localstack, url) == []
    for body in ("first é &<", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=300)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)

    for _ in range(3):
        seen = queues.peek(localstack, url)
        assert sorted(message["Body"] for message in seen) == ["delayed", "first é &<", "second"]

    counts = {m["Body"]: m["Attributes"]["ApproximateReceiveCount"] for m in queues.peek(localstack, url)}
    assert sorted(counts.values()) == ["0", "0", "1"]
    (left,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert left["Attributes"]["ApproximateReceiveCount"] == "1"


def test_queue_that_does_not_exist(localstack: EngineInfo) -> None:
    with pytest.raises(AwsError) as caught:
        queues.peek(localstack, f"{localstack.endpoint_url}/queue/us-east-1/000000000000/nowhere")
    assert caught.value.code == "QueueDoesNotExist"


def test_engine_that_does_not_answer() -> None:
    gone = EngineInfo("localstack", "host", "4.9.2", f"http://{HOST}:{free_port()}")
    with pytest.raises(StackLostError):
        queues.peek(gone, "http://queue")


def test_queue_urls_need_no_name_server(localstack: EngineInfo) -> None:
    url = client("sqs", localstack).create_queue(QueueName=f"address-{uuid.uuid4()}")["QueueUrl"]
    assert url.startswith(localstack.endpoint_url)
