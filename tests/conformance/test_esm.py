"""Mappings of queues to functions: what a batch is, what becomes of failures, how many run at once."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import create_function
from tests.conformance.mappings import JUDGE, create_mapping, judge
from tests.conformance.marks import behaviour
from tests.conformance.queues import create_queue, create_with_dead_letters
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

SHORT = "8"
"""A visibility timeout for messages that are to come back, in seconds. It must be longer than the first
invocation takes on a busy machine."""
PARTIAL: dict[str, Any] = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
GATHER: dict[str, Any] = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 1}


@behaviour("esm.record")
def test_record(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws))
    mapping.send(1)
    mapping.wait(1)
    (record,) = mapping.seen[0]["records"]
    assert json.loads(record["body"])["n"] == 1
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == mapping.queue.arn
    assert record["awsRegion"] == aws.account.region
    assert {"messageId", "receiptHandle", "md5OfBody", "messageAttributes"} <= record.keys()
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"} <= record["attributes"].keys()
    eventually(lambda: mapping.queue.left() == 0)


@behaviour("esm.failed-batch", slow=True)
def test_failed_batch(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws, VisibilityTimeout=SHORT), **GATHER)
    mapping.send_batch({}, {"do": "raise"})
    mapping.wait_for_receives({1: 2})
    together = [note for note in mapping.seen if sorted(note["n"]) == [0, 1]]
    if together:
        mapping.wait_for_receives({0: 2})
    again = [r for note in mapping.seen for r in note["records"] if json.loads(r["body"])["n"] == 1]
    assert "2" in {record["attributes"]["ApproximateReceiveCount"] for record in again}


@behaviour("esm.partial-failure", slow=True)
def test_partial_failure(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws, VisibilityTimeout=SHORT), **GATHER, **PARTIAL)
    mapping.send_batch({}, {"do": "fail"}, {})
    mapping.wait_for_receives({0: 1, 1: 3, 2: 1})
    assert (mapping.numbers().count(0), mapping.numbers().count(2)) == (1, 1)


@behaviour("esm.unreadable-answer", slow=True)
def test_unreadable_answer(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws, VisibilityTimeout=SHORT), **GATHER, **PARTIAL)
    mapping.send_batch({"do": "malformed"})
    mapping.wait_for_receives({0: 2})


@behaviour("esm.dead-letters", slow=True)
def test_dead_letter(aws: Aws) -> None:
    queue, dead = create_with_dead_letters(aws, 2, VisibilityTimeout=SHORT)
    mapping = create_mapping(aws, queue, **GATHER, **PARTIAL)
    mapping.send_batch({}, {"do": "fail"}, {})
    (letter,) = dead.take(1)
    assert json.loads(letter["Body"])["n"] == 1
    mapping.wait_for_receives({0: 1, 1: 2, 2: 1})
    assert sorted(mapping.numbers()) == [0, 1, 1, 2]


@behaviour("esm.maximum-concurrency", slow=True)
def test_maximum_concurrency(aws: Aws) -> None:
    scaling = {"MaximumConcurrency": 2}
    queue = create_queue(aws, VisibilityTimeout="60")
    mapping = create_mapping(aws, queue, BatchSize=1, ScalingConfig=scaling)
    mapping.send(*range(6), s=1)
    mapping.wait(*range(6))
    assert mapping.most_at_once() == 2


@behaviour("esm.concurrency-limits")
def test_concurrency_limits(aws: Aws) -> None:
    create = aws.functions.create_event_source_mapping
    mapping = {"FunctionName": aws.account.shared(judge), "EventSourceArn": create_queue(aws).arn}
    for wrong in (1, 1001):
        code = refused(create, **mapping, ScalingConfig={"MaximumConcurrency": wrong})
        assert code in {"InvalidParameterValueException", "ValidationException"}


@behaviour("esm.batch-limits")
def test_batch_limits(aws: Aws) -> None:
    create, function = aws.functions.create_event_source_mapping, aws.account.shared(judge)
    plain, fifo = create_queue(aws), create_queue(aws, fifo=True)
    for queue, more in (
        (plain, {"BatchSize": 11}),
        (fifo, {"BatchSize": 11}),
        (fifo, {"MaximumBatchingWindowInSeconds": 1}),
    ):
        code = refused(create, FunctionName=function, EventSourceArn=queue.arn, **more)
        assert code == "InvalidParameterValueException"


@behaviour("esm.visibility-timeout")
def test_visibility_timeout_below_that_of_the_function(aws: Aws) -> None:
    queue = create_queue(aws, VisibilityTimeout="1")
    mapping = {"FunctionName": aws.account.shared(judge), "EventSourceArn": queue.arn}
    assert refused(aws.functions.create_event_source_mapping, **mapping) == "InvalidParameterValueException"


@behaviour("esm.window", slow=True)
def test_window(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws), BatchSize=100, MaximumBatchingWindowInSeconds=6)
    # A second apart, each would come alone. There is one more of them than Lambda has pollers at first.
    for number in range(6):
        mapping.send(number, delay_s=number)
    mapping.wait(*range(6))
    assert max(len(note["n"]) for note in mapping.seen) > 1


@behaviour("esm.fifo", slow=True)
def test_fifo(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True, VisibilityTimeout="60")
    mapping = create_mapping(aws, queue, BatchSize=1)
    groups: dict[str, list[int]] = {"a": [], "b": []}

    def ran_at_once() -> bool:
        """Send to both groups; again, where a busy machine was done with one before the other began."""
        for number in range(len(groups["a"]), len(groups["a"]) + 3):
            for first, (group, numbers) in zip((0, 1000), groups.items(), strict=True):
                mapping.send(first + number, group=group, s=1)
                numbers.append(first + number)
        mapping.wait(*itertools.chain(*groups.values()))
        return mapping.most_at_once() > 1

    eventually(ran_at_once, what="batches of two groups at once")
    for group in groups.values():
        notes = sorted((n for n in mapping.seen if n["n"][0] in group), key=lambda n: float(n["started"]))
        assert [note["n"][0] for note in notes] == group
        assert all(one["ended"] <= other["started"] for one, other in itertools.pairwise(notes))


@behaviour("esm.filter")
def test_filter(aws: Aws) -> None:
    pattern = json.dumps({"body": {"kind": ["wanted"]}})
    mapping = create_mapping(aws, create_queue(aws), FilterCriteria={"Filters": [{"Pattern": pattern}]})
    mapping.send(1, kind="other")
    mapping.send(2, kind="wanted")
    mapping.wait(2)
    eventually(lambda: mapping.queue.left() == 0)
    assert mapping.numbers() == [2]


@behaviour("esm.disabled", slow=True)
def test_disabled(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws))
    aws.functions.update_event_source_mapping(UUID=mapping.identifier, Enabled=False)
    mapping.wait_for_state("Disabled")
    mapping.send(1)
    assert mapping.notes.receive(wait_s=2) == []
    assert mapping.queue.attribute("ApproximateNumberOfMessages") == "1"
    aws.functions.update_event_source_mapping(UUID=mapping.identifier, Enabled=True)
    mapping.wait(1)


@behaviour("esm.same-mapping")
def test_same_mapping_again(aws: Aws) -> None:
    mapping = create_mapping(aws, create_queue(aws))
    again = {"FunctionName": mapping.function, "EventSourceArn": mapping.queue.arn}
    assert refused(aws.functions.create_event_source_mapping, **again) == "ResourceConflictException"


@behaviour("esm.throttled", slow=True)
def test_throttled(aws: Aws) -> None:
    name = aws.name("throttled")
    create_function(aws.account, aws, name, JUDGE, Timeout=2)
    aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    queue, dead = create_with_dead_letters(aws, 1, VisibilityTimeout=SHORT)
    mapping = create_mapping(aws, queue, name)
    mapping.send(1)
    (letter,) = dead.take(1, deadline_s=90 if not aws.account.is_real else 900)
    assert json.loads(letter["Body"])["n"] == 1
