"""Listing a queue without receiving, and moving messages out of a dead-letter queue."""

from __future__ import annotations

import json

import pytest

from harness.engines.base import EngineInfo
from harness.engines.localstack import queues
from tests.integration.engine_plugin.lambdas import eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration


def test_listing_shows_messages_in_flight_and_changes_nothing(
    localstack: LocalStackProcess, unique: str
) -> None:
    sqs = localstack.client("sqs")
    url = sqs.create_queue(QueueName=f"listed-{unique}")["QueueUrl"]
    for body in ("in flight", "waiting"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
    engine = EngineInfo("localstack", "host", "", localstack.endpoint_url)

    for _ in range(3):
        listed = queues.peek(engine, url)
    assert sorted(message["Body"] for message in listed) == ["in flight", "waiting"]
    counts = {message["Body"]: message["Attributes"]["ApproximateReceiveCount"] for message in listed}
    assert counts[received["Body"]] == "1"
    (other,) = counts.keys() - {received["Body"]}
    assert counts[other] == "0"


def test_message_move_task_empties_the_dead_letter_queue(localstack: LocalStackProcess, unique: str) -> None:
    sqs = localstack.client("sqs")

    def queue(name: str, attributes: dict[str, str]) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=f"{name}-{unique}", Attributes=attributes)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, answer["Attributes"]["QueueArn"]

    dead_url, dead_arn = queue("dead", {})
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    work_url, _ = queue("work", {"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=work_url, MessageBody="poison")
    sqs.receive_message(QueueUrl=work_url)
    sqs.receive_message(QueueUrl=work_url)

    def waiting(url: str) -> str:
        names = ["ApproximateNumberOfMessages"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return str(answer["Attributes"]["ApproximateNumberOfMessages"])

    eventually(lambda: waiting(dead_url) == "1")
    sqs.start_message_move_task(SourceArn=dead_arn)
    eventually(lambda: waiting(dead_url) == "0" and waiting(work_url) == "1")
