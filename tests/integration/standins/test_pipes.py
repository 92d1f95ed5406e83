"""Pipes between real queues, with a real enrichment function, and to a real state machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.engines.base import EngineInfo
from harness.standins.pipes.definition import Pipe, pipe_of
from harness.standins.pipes.run import RunningPipe
from harness.standins.pipes.source import QueueSource
from harness.standins.process import Part
from tests.integration.standins.conftest import Aws, wait_until

pytestmark = pytest.mark.integration

Start = Callable[[Part], None]
ENRICHMENT = """
    import json

    def handler(records, context):
        bodies = [json.loads(record["body"]) for record in records]
        if any(body.get("fail") for body in bodies):
            raise ValueError("as asked")
        return [
            {"customer_id": body["customer"], "file_id": body["id"], "body": json.dumps(body)}
            for body in bodies
            if not body.get("skip")
        ]
"""


@pytest.fixture(scope="module")
def enrichment(localstack: EngineInfo) -> str:
    return Aws(localstack).function("enrichment", ENRICHMENT)


def pipe(source: str, target: str, **properties: Any) -> Pipe:
    return pipe_of("Pipe", {"Source": source, "Target": target, **properties})


def filtered(pattern: dict[str, Any], **queue: int) -> dict[str, Any]:
    return {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)}]}, "SqsQueueParameters": queue}


def body(number: int, customer: str = "c", **more: Any) -> dict[str, Any]:
    return {"id": f"f-{number}", "customer": customer, "number": number, **more}


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return [json.loads(message["Body"])["number"] for message in messages]


def test_what_the_filter_lets_through_is_enriched_and_sent(aws: Aws, running: Start, enrichment: str) -> None:
    source_url, source = aws.queue("in")
    target_url, target = aws.queue("out")
    running(
        RunningPipe(
            pipe(
                source,
                target,
                SourceParameters=filtered({"body": {"number": [{"numeric": [">=", 10]}]}}),
                Enrichment=enrichment,
                TargetParameters={"InputTemplate": "<$.body>"},
            ),
            aws.engine,
        )
    )
    aws.send(source_url, "no JSON", *(body(number, skip=number == 12) for number in range(15)))
    assert sorted(numbers(aws.take(target_url, 4))) == [10, 11, 13, 14]
    wait_until(lambda: aws.held(source_url) == 0, "filtered, left out and sent ones are all deleted")
    assert aws.held(target_url) == 0


def test_order_of_a_group_in_a_fifo_target_is_the_order_of_sending(
    aws: Aws, running: Start, enrichment: str
) -> None:
    """From a FIFO source, order holds from end to end, each customer being a group."""
    source_url, source = aws.queue("in.fifo")
    target_url, target = aws.queue("out.fifo")
    for number in range(40):
        customer = "ab"[number % 2]
        aws.send(
            source_url,
            body(number, customer),
            MessageGroupId=customer,
            MessageDeduplicationId=str(number),
        )
    running(
        RunningPipe(
            pipe(
                source,
                target,
                Enrichment=enrichment,
                TargetParameters={
                    "InputTemplate": "<$.body>",
                    "SqsQueueParameters": {
                        "MessageGroupId": "$.customer_id",
                        "MessageDeduplicationId": "$.file_id",
                    },
                },
            ),
            aws.engine,
        )
    )
    messages = aws.take(target_url, 40)
    for customer, first in (("a", 0), ("b", 1)):
        of_group = [one for one in messages if one["Attributes"]["MessageGroupId"] == customer]
        assert numbers(of_group) == list(range(first, 40, 2))
    assert messages[0]["Attributes"]["MessageDeduplicationId"].startswith("f-")


def test_when_the_enrichment_fails_messages_come_again_and_end_in_the_queues_dlq(
    aws: Aws, running: Start, enrichment: str
) -> None:
    dlq_url, dlq = aws.queue("dlq")
    redrive = json.dumps({"deadLetterTargetArn": dlq, "maxReceiveCount": 2})
    source_url, source = aws.queue("in", VisibilityTimeout="1", RedrivePolicy=redrive)
    target_url, target = aws.queue("out")
    one_by_one = {"SqsQueueParameters": {"BatchSize": 1}}
    running(RunningPipe(pipe(source, target, SourceParameters=one_by_one, Enrichment=enrichment), aws.engine))
    aws.send(source_url, body(1, fail=True), body(2))
    (dead,) = aws.take(dlq_url, 1)
    assert json.loads(dead["Body"])["number"] == 1
    (sent,) = aws.take(target_url, 1)
    assert json.loads(sent["Body"])["customer_id"] == "c"
    wait_until(lambda: aws.held(source_url) == 0, "the source is empty")


def test_of_a_batch_only_what_the_target_refused_comes_again(aws: Aws, running: Start) -> None:
    """An invalid message group makes SQS refuse that entry alone."""
    dlq_url, dlq = aws.queue("dlq")
    redrive = json.dumps({"deadLetterTargetArn": dlq, "maxReceiveCount": 2})
    source_url, source = aws.queue("in", VisibilityTimeout="1", RedrivePolicy=redrive)
    target_url, target = aws.queue("out.fifo")
    parameters = {"MessageGroupId": "$.body.customer", "MessageDeduplicationId": "$.body.id"}
    aws.send(source_url, body(1), body(2, customer="no group"), body(3))
    running(
        RunningPipe(pipe(source, target, TargetParameters={"SqsQueueParameters": parameters}), aws.engine)
    )
    assert len(aws.take(target_url, 2)) == 2
    (dead,) = aws.take(dlq_url, 1)
    assert json.loads(dead["Body"])["number"] == 2
    assert aws.held(target_url) == 0


def test_a_state_machine_gets_the_batch_as_one_list(aws: Aws, running: Start, enrichment: str) -> None:
    source_url, source = aws.queue("in")
    machine = aws.machine("parent")
    running(
        RunningPipe(
            pipe(
                source,
                machine,
                SourceParameters={"SqsQueueParameters": {"BatchSize": 1}},
                Enrichment=enrichment,
                TargetParameters={
                    "InputTemplate": "<$.body>",
                    "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"},
                },
            ),
            aws.engine,
        )
    )
    aws.send(source_url, *(body(number) for number in range(3)))

    def inputs() -> list[Any]:
        found = aws.states.list_executions(stateMachineArn=machine)["executions"]
        described = [aws.states.describe_execution(executionArn=one["executionArn"]) for one in found]
        return sorted((json.loads(one["input"]) for one in described), key=lambda events: events[0]["number"])

    wait_until(lambda: len(inputs()) == 3, "three executions")
    assert inputs() == [[body(0)], [body(1)], [body(2)]]
    wait_until(lambda: aws.held(source_url) == 0, "the source is empty")


def test_a_throttled_enrichment_is_waited_for(aws: Aws, running: Start) -> None:
    """With one receive allowed, a batch that is given back would end in the dead-letter queue."""
    slow = "import time\n\ndef handler(records, context):\n    time.sleep(0.3)\n    return records\n"
    function = aws.function("slow", slow)
    aws.lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    dlq_url, dlq = aws.queue("dlq")
    redrive = json.dumps({"deadLetterTargetArn": dlq, "maxReceiveCount": 1})
    source_url, source = aws.queue("in", VisibilityTimeout="30", RedrivePolicy=redrive)
    target_url, target = aws.queue("out")
    aws.send(source_url, *(body(number) for number in range(8)))
    one_by_one = {"SqsQueueParameters": {"BatchSize": 1}}
    running(RunningPipe(pipe(source, target, SourceParameters=one_by_one, Enrichment=function), aws.engine))
    assert len(aws.take(target_url, 8)) == 8
    assert aws.held(dlq_url) == 0


class Crashing(QueueSource):
    """Dies between sending and deleting."""

    def delete(self, records: Any) -> None:
        raise RuntimeError("died")


def test_an_error_of_our_own_ends_the_pipe_and_loses_nothing(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_url, source = aws.queue("in")
    _, target = aws.queue("out")
    monkeypatch.setattr("harness.standins.pipes.run.QueueSource", Crashing)
    aws.send(source_url, body(1))
    with pytest.raises(RuntimeError, match="died"):
        RunningPipe(pipe(source, target), aws.engine).run()
    assert aws.held(source_url) == 1


def test_a_batch_window_fills_the_batch(aws: Aws, running: Start) -> None:
    source_url, source = aws.queue("in")
    machine = aws.machine("parent")
    invocation = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}
    window = {"SqsQueueParameters": {"BatchSize": 25, "MaximumBatchingWindowInSeconds": 20}}
    aws.send(source_url, *(body(number) for number in range(25)))
    running(
        RunningPipe(pipe(source, machine, SourceParameters=window, TargetParameters=invocation), aws.engine)
    )

    def batches() -> list[int]:
        found = aws.states.list_executions(stateMachineArn=machine)["executions"]
        described = [aws.states.describe_execution(executionArn=one["executionArn"]) for one in found]
        return [len(json.loads(one["input"])) for one in described]

    wait_until(lambda: batches() == [25], "one execution with all 25")
