"""What becomes of messages and events when a function is throttled, a record fails, a target is not there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.engines.base import EngineInfo
from harness.engines.localstack import queues
from tests.integration.engine_plugin.lambdas import create_function, eventually, wait_for_state
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration

SLOW = """
    import json, os, time

    def handler(event, context):
        time.sleep(0.5)
        with open(os.environ["NOTES"], "a") as notes:
            notes.write("".join(json.dumps(record["body"]) + "\\n" for record in event["Records"]))
"""

IN_ORDER = """
    import json, os

    def handler(event, context):
        failed, groups = [], set()
        for record in event["Records"]:
            group, body = record["attributes"]["MessageGroupId"], record["body"]
            poison = body == "a-1" and record["attributes"]["ApproximateReceiveCount"] in ("1", "2")
            with open(os.environ["NOTES"], "a") as notes:
                if group in groups or poison:
                    groups.add(group)
                    failed.append({"itemIdentifier": record["messageId"]})
                else:
                    notes.write(json.dumps(body) + "\\n")
        return {"batchItemFailures": failed}
"""


class Queues:
    """A work queue with its dead-letter queue."""

    def __init__(
        self, localstack: LocalStackProcess, name: str, suffix: str, attributes: dict[str, str]
    ) -> None:
        self.sqs = localstack.client("sqs")
        self._engine = EngineInfo("localstack", "host", "", localstack.endpoint_url)
        self.dead_url = self._create(f"{name}-dead{suffix}", {"FifoQueue": "true"} if suffix else {})
        policy = {"deadLetterTargetArn": self.arn(self.dead_url), "maxReceiveCount": "2"}
        attributes = {**attributes, "RedrivePolicy": json.dumps(policy)}
        self.work_url = self._create(f"{name}{suffix}", attributes)

    def _create(self, name: str, attributes: dict[str, str]) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def arn(self, url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def bodies(self, url: str) -> list[str]:
        return sorted(message["Body"] for message in queues.peek(self._engine, url))

    def receive(self, url: str) -> dict[str, Any] | None:
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=2,
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found[0] if found else None


@pytest.fixture
def mapped(localstack: LocalStackProcess, unique: str, tmp_path: Path) -> Iterator[Callable[..., Queues]]:
    """Make queues and a function, and the mapping between them; the last is removed in the end."""
    functions, made = localstack.client("lambda"), []

    def make(source: str, *, reserved: int | None, suffix: str = "", **mapping: Any) -> Queues:
        attributes = {"VisibilityTimeout": "2", **({"FifoQueue": "true"} if suffix else {})}
        both = Queues(localstack, f"failing-{unique}", suffix, attributes)
        variables = {"Variables": {"NOTES": str(tmp_path / "notes")}}
        create_function(functions, f"failing-{unique}", source, timeout_s=2, Environment=variables)
        if reserved is not None:
            functions.put_function_concurrency(
                FunctionName=f"failing-{unique}", ReservedConcurrentExecutions=reserved
            )
        arn = both.arn(both.work_url)
        identifier = functions.create_event_source_mapping(
            FunctionName=f"failing-{unique}", EventSourceArn=arn, **mapping
        )["UUID"]
        made.append(identifier)
        wait_for_state(functions, identifier, "Enabled")
        return both

    yield make
    for identifier in made:
        functions.delete_event_source_mapping(UUID=identifier)


def done(tmp_path: Path) -> list[str]:
    notes = tmp_path / "notes"
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


def throttles(localstack: LocalStackProcess, function: str) -> float:
    now = datetime.now(UTC)
    answer = localstack.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def test_with_enough_concurrency_messages_wait_and_none_is_lost(
    localstack: LocalStackProcess, unique: str, tmp_path: Path, mapped: Callable[..., Queues]
) -> None:
    both = mapped(SLOW, reserved=2, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    bodies = [f"m{number}" for number in range(8)]
    for body in bodies:
        both.sqs.send_message(QueueUrl=both.work_url, MessageBody=body)
    eventually(lambda: len(done(tmp_path)) >= 8)
    eventually(lambda: both.bodies(both.work_url) == [])
    assert sorted(done(tmp_path)) == bodies
    assert both.bodies(both.dead_url) == []
    assert throttles(localstack, f"failing-{unique}") == 0


@pytest.mark.parametrize("reserved", [0, 1])
def test_with_too_little_concurrency_messages_reach_the_dead_letter_queue(
    localstack: LocalStackProcess, unique: str, tmp_path: Path, mapped: Callable[..., Queues], reserved: int
) -> None:
    both = mapped(SLOW, reserved=reserved, BatchSize=1, ScalingConfig={"MaximumConcurrency": 10})
    bodies = [f"m{number:02}" for number in range(20)]
    for body in bodies:
        both.sqs.send_message(QueueUrl=both.work_url, MessageBody=body)
    eventually(lambda: both.bodies(both.work_url) == [])
    dead = both.bodies(both.dead_url)
    assert dead
    assert set(dead) | set(done(tmp_path)) == set(bodies)  # none is lost
    if reserved == 0:
        assert dead == bodies
    eventually(lambda: throttles(localstack, f"failing-{unique}") > 0)


def test_fifo_keeps_its_order_when_one_record_fails(tmp_path: Path, mapped: Callable[..., Queues]) -> None:
    both = mapped(
        IN_ORDER,
        reserved=None,
        suffix=".fifo",
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    attributes = json.loads(
        both.sqs.get_queue_attributes(QueueUrl=both.work_url, AttributeNames=["RedrivePolicy"])["Attributes"][
            "RedrivePolicy"
        ]
    )
    both.sqs.set_queue_attributes(
        QueueUrl=both.work_url,
        Attributes={"RedrivePolicy": json.dumps({**attributes, "maxReceiveCount": "5"})},
    )
    expected = {group: [f"{group}-{number}" for number in range(4)] for group in "ab"}
    for number in range(4):
        for group in "ab":
            both.sqs.send_message(
                QueueUrl=both.work_url,
                MessageBody=f"{group}-{number}",
                MessageGroupId=group,
                MessageDeduplicationId=f"{group}-{number}",
            )
    eventually(lambda: len(done(tmp_path)) >= 8)
    eventually(lambda: both.bodies(both.work_url) == [])
    for group, bodies in expected.items():
        assert [body for body in done(tmp_path) if body.startswith(group)] == bodies


@pytest.mark.parametrize("setting", [{"BatchSize": 11}, {"MaximumBatchingWindowInSeconds": 1}])
def test_a_fifo_mapping_takes_ten_messages_at_most_and_has_no_window(
    localstack: LocalStackProcess, unique: str, setting: dict[str, int]
) -> None:
    sqs = localstack.client("sqs")
    url = sqs.create_queue(QueueName=f"{unique}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*FIFO"):
        localstack.client("lambda").create_event_source_mapping(
            FunctionName="any", EventSourceArn=arn, **setting
        )


def test_a_fifo_group_waits_for_all_of_its_messages_and_for_no_other_group(
    localstack: LocalStackProcess, unique: str
) -> None:
    both = Queues(localstack, f"groups-{unique}", ".fifo", {"FifoQueue": "true", "VisibilityTimeout": "30"})
    sqs, url = both.sqs, both.work_url
    for group, body in (("a", "a-0"), ("a", "a-1"), ("b", "b-0")):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)

    def received() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        return list(answer.get("Messages", []))

    handles = {message["Body"]: message["ReceiptHandle"] for message in received()}
    for _ in range(2 - ("b-0" in handles)):
        handles |= {message["Body"]: message["ReceiptHandle"] for message in received()}
    assert set(handles) == {"a-0", "a-1", "b-0"}
    for body in ("b-0", "a-0"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles[body], VisibilityTimeout=0)
    found: list[str] = []
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        found += [message["Body"] for message in received()]
    assert found == ["b-0"]  # a-0 must not overtake a-1 of the same batch, nor wait for it to block b
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["a-1"], VisibilityTimeout=0)
    while len(found) < 3:
        assert time.monotonic() < deadline + 10
        found += [message["Body"] for message in received()]
    assert found == ["b-0", "a-0", "a-1"]


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_message_moved_back_is_a_new_one_also_for_the_second_time(
    localstack: LocalStackProcess, unique: str, suffix: str
) -> None:
    attributes = {"VisibilityTimeout": "0", **({"FifoQueue": "true"} if suffix else {})}
    both = Queues(localstack, f"moved-{unique}", suffix, attributes)
    fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "once"} if suffix else {}
    sent = both.sqs.send_message(QueueUrl=both.work_url, MessageBody="poison", **fifo)
    identifiers = {sent["MessageId"]}
    for _ in range(2):
        counts = []
        while message := both.receive(both.work_url):
            counts.append(message["Attributes"]["ApproximateReceiveCount"])
        assert counts == ["1", "2"]
        identifiers.add(message["MessageId"] if message else "")
        eventually(lambda: both.bodies(both.dead_url) == ["poison"], deadline_s=10)
        both.sqs.start_message_move_task(SourceArn=both.arn(both.dead_url))
        eventually(lambda: both.bodies(both.work_url) == ["poison"], deadline_s=10)
    message = both.receive(both.work_url)
    assert message is not None
    assert message["MessageId"] not in identifiers
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in message["Attributes"]


def test_an_event_that_no_target_takes_goes_to_the_dead_letter_queue(
    localstack: LocalStackProcess, unique: str
) -> None:
    both, events = Queues(localstack, f"undelivered-{unique}", "", {}), localstack.client("events")
    dead_arn, absent = both.arn(both.dead_url), both.arn(both.work_url)
    machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:absent-{unique}"
    rule = events.put_rule(Name=unique, EventPattern=json.dumps({"source": [unique]}))["RuleArn"]
    role = "arn:aws:iam::000000000000:role/test"
    events.put_targets(
        Rule=unique,
        Targets=[
            {"Id": "queue", "Arn": absent, "DeadLetterConfig": {"Arn": dead_arn}},
            {"Id": "machine", "Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dead_arn}},
        ],
    )
    both.sqs.delete_queue(QueueUrl=both.work_url)
    events.put_events(Entries=[{"Source": unique, "DetailType": "t", "Detail": json.dumps({"n": 1})}])
    seen: dict[str, dict[str, Any]] = {}

    def both_came() -> bool:
        if message := both.receive(both.dead_url):
            seen[message["MessageAttributes"]["TARGET_ARN"]["StringValue"]] = message
        return len(seen) == 2

    eventually(both_came, deadline_s=20)
    assert set(seen) == {absent, machine}
    for message in seen.values():
        values = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert values["RULE_ARN"] == rule
        assert values["ERROR_CODE"] == "NO_RESOURCE"
        assert values["ERROR_MESSAGE"]
        assert values["RETRY_ATTEMPTS"] == "0"
        assert json.loads(message["Body"])["detail"] == {"n": 1}
