"""Queues: what a receive does, what becomes of messages that nobody deletes, and the limits."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.marks import behaviour
from tests.conformance.queues import Queue, create_queue, create_with_dead_letters
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

LONG = "600"
"""A visibility timeout that no test sees the end of, in seconds."""
KIB = 1024


def show_again(queue: Queue, message: dict[str, Any]) -> None:
    queue.sqs.change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )


@behaviour("sqs.visibility")
def test_received_message_is_hidden(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout=LONG)
    queue.send("one")
    message = queue.receive_one()
    assert queue.receive() == []
    show_again(queue, message)
    assert queue.receive_one()["Body"] == "one"


@behaviour("sqs.visibility-ends")
def test_message_comes_back(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout="1")
    queue.send("one")
    first, second = queue.receive_one(), queue.receive_one()
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    assert second["ReceiptHandle"] != first["ReceiptHandle"]


@behaviour("sqs.visibility-limit")
def test_visibility_timeout_has_a_limit(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout=LONG)
    queue.send("one")
    change = {"QueueUrl": queue.url, "ReceiptHandle": queue.receive_one()["ReceiptHandle"]}
    code = refused(aws.sqs.change_message_visibility, **change, VisibilityTimeout=43201)
    assert code == "InvalidParameterValue"


@behaviour("sqs.receive-count")
def test_receives_count(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout=LONG)
    queue.send("one")
    seen = []
    for _ in range(3):
        message = queue.receive_one()
        seen.append(message["Attributes"])
        show_again(queue, message)
    assert [each["ApproximateReceiveCount"] for each in seen] == ["1", "2", "3"]
    for constant in ("SentTimestamp", "ApproximateFirstReceiveTimestamp"):
        assert len({each[constant] for each in seen}) == 1
    assert int(seen[0]["SentTimestamp"]) <= int(seen[0]["ApproximateFirstReceiveTimestamp"])


def dead_letter(aws: Aws) -> tuple[Queue, Queue, dict[str, Any], dict[str, Any]]:
    """Return two queues, the message as it was first received, and as it is in the dead-letter queue."""
    queue, dead = create_with_dead_letters(aws, 2, VisibilityTimeout=LONG)
    attribute = {"DataType": "String", "StringValue": "a"}
    queue.send("one", MessageAttributes={"kind": attribute})
    first = queue.receive_one()
    show_again(queue, first)
    show_again(queue, queue.receive_one())
    assert queue.receive() == []
    return queue, dead, first, dead.receive_one(VisibilityTimeout=1)


@behaviour("sqs.dead-letters")
def test_dead_letter(aws: Aws) -> None:
    _, _, first, found = dead_letter(aws)
    assert (found["Body"], found["MessageId"]) == ("one", first["MessageId"])
    assert found["MessageAttributes"]["kind"]["StringValue"] == "a"
    assert found["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"]


@behaviour("sqs.dead-letter-source")
def test_dead_letter_names_its_source(aws: Aws) -> None:
    queue, dead, _, found = dead_letter(aws)
    assert found["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    sources = eventually(lambda: aws.sqs.list_dead_letter_source_queues(QueueUrl=dead.url)["queueUrls"])
    assert sources == [queue.url]


@behaviour("sqs.redrive")
def test_redrive(aws: Aws) -> None:
    queue, dead, first, _ = dead_letter(aws)
    eventually(lambda: dead.attribute("ApproximateNumberOfMessages") == "1")
    aws.sqs.start_message_move_task(SourceArn=dead.arn)
    again = queue.receive_one()
    assert again["Body"] == "one"
    assert again["MessageId"] != first["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "1"


@behaviour("sqs.fifo-dead-letters")
def test_dead_letters_of_a_fifo_queue(aws: Aws) -> None:
    plain = create_queue(aws)
    queue = create_queue(aws, fifo=True)
    policy = f'{{"deadLetterTargetArn": "{plain.arn}", "maxReceiveCount": 2}}'
    change = {"QueueUrl": queue.url, "Attributes": {"RedrivePolicy": policy}}
    assert refused(aws.sqs.set_queue_attributes, **change) in {
        "InvalidParameterValue",
        "InvalidParameterCombination",
    }


def entries(count: int) -> list[dict[str, str]]:
    return [{"Id": str(number), "MessageBody": "x"} for number in range(count)]


@behaviour("sqs.batch-size")
def test_size_of_a_batch(aws: Aws) -> None:
    queue = create_queue(aws)
    send = aws.sqs.send_message_batch
    assert len(send(QueueUrl=queue.url, Entries=entries(10))["Successful"]) == 10
    too_many = refused(send, QueueUrl=queue.url, Entries=entries(11))
    assert too_many.endswith("TooManyEntriesInBatchRequest")
    assert refused(send, QueueUrl=queue.url, Entries=[]).endswith("EmptyBatchRequest")


@behaviour("sqs.batch-ids")
def test_ids_of_a_batch(aws: Aws) -> None:
    batch = {"QueueUrl": create_queue(aws).url, "Entries": entries(1) * 2}
    assert refused(aws.sqs.send_message_batch, **batch).endswith("BatchEntryIdsNotDistinct")


@behaviour("sqs.batch-partly")
def test_bad_entry_fails_alone(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout=LONG)
    queue.send("one")
    good = {"Id": "good", "ReceiptHandle": queue.receive_one()["ReceiptHandle"]}
    bad = {"Id": "bad", "ReceiptHandle": "none"}
    answer = aws.sqs.delete_message_batch(QueueUrl=queue.url, Entries=[good, bad])
    assert [each["Id"] for each in answer["Successful"]] == ["good"]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]


@behaviour("sqs.message-size")
def test_message_of_one_mib(aws: Aws) -> None:
    queue = create_queue(aws)
    queue.send("x" * KIB * KIB)
    assert len(queue.receive_one()["Body"]) == KIB * KIB


@behaviour("sqs.message-too-long")
def test_message_above_one_mib(aws: Aws) -> None:
    queue = create_queue(aws)
    code = refused(aws.sqs.send_message, QueueUrl=queue.url, MessageBody="x" * (KIB * KIB + 1))
    assert code == "InvalidParameterValue"


@behaviour("sqs.receive-limit")
def test_receive_of_eleven(aws: Aws) -> None:
    queue = create_queue(aws)
    code = refused(aws.sqs.receive_message, QueueUrl=queue.url, MaxNumberOfMessages=11)
    assert code in {"InvalidParameterValue", "ReadCountOutOfRange"}


@behaviour("sqs.long-poll")
def test_long_poll(aws: Aws) -> None:
    queue = create_queue(aws)
    queue.send("one", DelaySeconds=2)
    (message,) = queue.receive(wait_s=20)
    sent, received = (
        int(message["Attributes"][name]) for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp")
    )
    # In milliseconds. One that only looks at the end would take all of the twenty seconds.
    assert received - sent < 15_000


@behaviour("sqs.delay")
def test_delayed_message(aws: Aws) -> None:
    queue = create_queue(aws)
    queue.send("later", DelaySeconds=600)
    queue.send("soon", DelaySeconds=1)
    assert [message["Body"] for message in queue.take(1)] == ["soon"]
    assert queue.attribute("ApproximateNumberOfMessagesDelayed") == "1"


@behaviour("sqs.delay-limit")
def test_delay_has_a_limit(aws: Aws) -> None:
    late = {"QueueUrl": create_queue(aws).url, "MessageBody": "x", "DelaySeconds": 901}
    assert refused(aws.sqs.send_message, **late) == "InvalidParameterValue"


@behaviour("sqs.attributes")
def test_attributes(aws: Aws) -> None:
    queue = create_queue(aws)
    attributes = {
        "text": {"DataType": "String", "StringValue": "é"},
        "number": {"DataType": "Number", "StringValue": "1.5"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = aws.sqs.send_message(QueueUrl=queue.url, MessageBody="é", MessageAttributes=attributes)
    found = queue.receive_one()
    assert found["MessageAttributes"] == attributes
    assert found["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5("é".encode()).hexdigest()
    assert found["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]


@behaviour("sqs.missing-queue")
def test_missing_queue(aws: Aws) -> None:
    answer = refused(aws.sqs.get_queue_url, QueueName=aws.name("none"))
    assert answer in {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
    with pytest.raises(aws.sqs.exceptions.QueueDoesNotExist):
        aws.sqs.get_queue_url(QueueName=aws.name("none"))


@behaviour("sqs.same-queue")
def test_same_queue_again(aws: Aws) -> None:
    queue = create_queue(aws, DelaySeconds="5")
    same = {"QueueName": queue.name, "Attributes": {"DelaySeconds": "5"}}
    assert aws.sqs.create_queue(**same)["QueueUrl"] == queue.url
    other = {"QueueName": queue.name, "Attributes": {"DelaySeconds": "6"}}
    assert refused(aws.sqs.create_queue, **other) in {"QueueAlreadyExists", "QueueNameExists"}


def send_in_groups(queue: Queue, *bodies: str) -> None:
    """Send messages to the group that their first letter names."""
    for body in bodies:
        queue.send(body, MessageGroupId=body[0], MessageDeduplicationId=body)


@behaviour("sqs.fifo-order")
def test_order_of_a_group(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True)
    bodies = [f"a{number}" for number in range(5)]
    send_in_groups(queue, *bodies)
    found = queue.take(5)
    assert [message["Body"] for message in found] == bodies
    numbers = [int(message["Attributes"]["SequenceNumber"]) for message in found]
    assert numbers == sorted(set(numbers))
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"a"}


@behaviour("sqs.fifo-group-waits")
def test_group_in_flight_waits(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True, VisibilityTimeout=LONG)
    send_in_groups(queue, "a1", "a2", "b1")
    first = queue.receive_one()
    assert first["Body"] == "a1"
    assert queue.receive_one()["Body"] == "b1"
    assert queue.receive() == []
    queue.delete(first)
    assert queue.receive_one()["Body"] == "a2"


@behaviour("sqs.fifo-comes-back-first")
def test_order_after_a_failure(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True, VisibilityTimeout=LONG)
    send_in_groups(queue, "a1", "a2", "a3")
    show_again(queue, queue.receive_one())
    assert [message["Body"] for message in queue.take(3)] == ["a1", "a2", "a3"]


@behaviour("sqs.fifo-duplicates")
def test_duplicates(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True)
    send_in_groups(queue, "a1", "a1", "a2")
    queue.send("other body", MessageGroupId="a", MessageDeduplicationId="a2")
    send_in_groups(queue, "a3")
    assert [message["Body"] for message in queue.take(3)] == ["a1", "a2", "a3"]


@behaviour("sqs.fifo-content")
def test_duplicates_by_content(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True, ContentBasedDeduplication="true")
    queue.send("a", "a", "b", MessageGroupId="g")
    assert [message["Body"] for message in queue.take(2)] == ["a", "b"]


@behaviour("sqs.fifo-refusals")
def test_what_a_fifo_queue_refuses(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True, ContentBasedDeduplication="true")
    message = {"QueueUrl": queue.url, "MessageBody": "x"}
    assert refused(aws.sqs.send_message, **message) == "MissingParameter"
    delayed = refused(aws.sqs.send_message, **message, MessageGroupId="g", DelaySeconds=5)
    assert delayed == "InvalidParameterValue"


@behaviour("sqs.depth")
def test_depth(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout=LONG)
    queue.send("1", "2", "3")
    queue.receive_one()
    eventually(lambda: queue.attribute("ApproximateNumberOfMessages") == "2")
    eventually(lambda: queue.attribute("ApproximateNumberOfMessagesNotVisible") == "1")


@behaviour("sqs.purge")
def test_purge(aws: Aws) -> None:
    queue = create_queue(aws)
    queue.send("1", "2")
    aws.sqs.purge_queue(QueueUrl=queue.url)
    eventually(lambda: queue.left() == 0, deadline_s=90)
