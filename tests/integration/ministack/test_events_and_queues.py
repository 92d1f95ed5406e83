"""Events of the harness's own Transfer Family, and dead letters that are moved back."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import client
from harness.engines.base import EngineInfo
from harness.engines.registry import queue_peeker
from harness.exceptions import AwsError
from tests.integration.lambda_runtime.functions import wait_until

pytestmark = pytest.mark.integration


def test_events_of_transfer_family_are_taken_and_those_of_others_refused(ministack: EngineInfo) -> None:
    def put(source: str) -> int:
        entry = {"Source": source, "DetailType": "test", "Detail": "{}"}
        return int(client("events", ministack).put_events(Entries=[entry])["FailedEntryCount"])

    assert (put("aws.transfer"), put("aws.s3")) == (0, 1)


def test_dead_letters_are_moved_back_at_a_rate(ministack: EngineInfo) -> None:
    sqs, name = client("sqs", ministack), f"queue-{uuid.uuid4().hex[:8]}"
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead_arn = _arn(sqs, dead)
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    queue = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for number in range(3):
        sqs.send_message(QueueUrl=dead, MessageBody=str(number))
    sqs.start_message_move_task(SourceArn=dead_arn, MaxNumberOfMessagesPerSecond=100)

    def task() -> dict[str, Any]:
        found: dict[str, Any] = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"][0]
        return found

    wait_until(lambda: task()["Status"] == "COMPLETED", "the move ends")
    assert task()["ApproximateNumberOfMessagesMoved"] == 3
    bodies: list[str] = []
    while len(bodies) < 3:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        bodies += [message["Body"] for message in received.get("Messages", [])]
    assert sorted(bodies) == ["0", "1", "2"]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]


def test_a_move_needs_its_queues_and_ends_when_they_go(ministack: EngineInfo) -> None:
    sqs, name = client("sqs", ministack), f"queue-{uuid.uuid4().hex[:8]}"
    dead, other = (sqs.create_queue(QueueName=f"{name}-{each}")["QueueUrl"] for each in ("dead", "other"))
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": 1})
    sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})
    for _ in range(50):
        sqs.send_message(QueueUrl=dead, MessageBody="x")
    move = {"SourceArn": _arn(sqs, dead), "MaxNumberOfMessagesPerSecond": 1}
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sqs.start_message_move_task(**move, DestinationArn=f"{_arn(sqs, other)}-none")
    sqs.start_message_move_task(**move, DestinationArn=_arn(sqs, other))
    sqs.delete_queue(QueueUrl=other)

    def status() -> str:
        return str(sqs.list_message_move_tasks(SourceArn=move["SourceArn"])["Results"][0]["Status"])

    wait_until(lambda: status() == "FAILED", "the move fails")


def test_whoever_was_too_slow_deletes_nothing(ministack: EngineInfo) -> None:
    sqs = client("sqs", ministack)
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")

    def receive(visibility_s: int) -> str:
        (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=visibility_s)["Messages"]
        return str(message["ReceiptHandle"])

    slow, quick = receive(0), receive(0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=slow)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=quick)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=quick)


def test_dead_letters_in_front_do_not_hide_what_waits_behind(ministack: EngineInfo) -> None:
    sqs, name = client("sqs", ministack), f"queue-{uuid.uuid4().hex[:8]}"
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    behind = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in behind] == ["10", "11"]
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "10"


def test_a_look_at_a_queue_changes_nothing(ministack: EngineInfo) -> None:
    sqs = client("sqs", ministack)
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    peek = queue_peeker(ministack)
    assert peek is not None
    assert peek(url) == []
    sqs.send_message(QueueUrl=url, MessageBody="one")
    first, again = peek(url), peek(url)
    assert first == again
    assert first[0]["Body"] == "one"
    assert first[0]["Attributes"]["ApproximateReceiveCount"] == "0"
    (received,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert received["Attributes"]["SentTimestamp"] == first[0]["Attributes"]["SentTimestamp"]
    assert peek(url)[0]["Attributes"]["ApproximateReceiveCount"] == "1"
    with pytest.raises(AwsError, match="no queue"):
        peek(f"{url}-other")


def _arn(sqs: Any, url: str) -> str:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])
