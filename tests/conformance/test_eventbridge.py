"""What the targets of rules get, and what becomes of events that cannot be delivered or put."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import create_function
from tests.conformance.machines import PASS, Machines
from tests.conformance.marks import behaviour
from tests.conformance.queues import create_queue
from tests.conformance.rules import put_event, put_rule
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance


@behaviour("eventbridge.envelope")
def test_envelope(aws: Aws) -> None:
    queue = create_queue(aws)
    put_rule(aws, {"source": [aws.unique]}, {"Arn": queue.arn})
    entry = {
        "Source": aws.unique,
        "DetailType": "a kind",
        "Detail": '{"a": 1}',
        "Resources": ["arn:aws:s3:::x"],
        "Time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    (answer,) = aws.events.put_events(Entries=[entry])["Entries"]
    (event,) = queue.take_json(1)
    assert event == {
        "version": "0",
        "id": answer["EventId"],
        "detail-type": "a kind",
        "source": aws.unique,
        "account": aws.account.account_id,
        "time": "2026-01-02T03:04:05Z",
        "region": aws.account.region,
        "resources": ["arn:aws:s3:::x"],
        "detail": {"a": 1},
    }


def delivered(aws: Aws, detail: Any, **target: Any) -> Any:
    """Return what a queue gets of an event by a target with such fields."""
    queue = create_queue(aws)
    put_rule(aws, {"source": [aws.unique]}, {"Arn": queue.arn, **target})
    put_event(aws, aws.unique, detail)
    return queue.take_json(1)[0]


@behaviour("eventbridge.input-transformer")
def test_input_transformer(aws: Aws) -> None:
    transformer = {
        "InputPathsMap": {"key": "$.detail.key", "kind": "$.detail-type", "size": "$.detail.size"},
        "InputTemplate": '{"file": <key>, "text": "<kind> of <key>", "size": <size>}',
    }
    found = delivered(aws, {"key": "a b", "size": 5}, InputTransformer=transformer)
    assert found == {"file": "a b", "text": "test of a b", "size": 5}


@behaviour("eventbridge.input-path")
def test_input_path_and_constant_input(aws: Aws) -> None:
    queue = create_queue(aws)
    targets = [{"InputPath": "$.detail.inner"}, {"Input": '{"n": 2}'}]
    put_rule(aws, {"source": [aws.unique]}, *({"Arn": queue.arn, **target} for target in targets))
    put_event(aws, aws.unique, {"inner": {"n": 1}})
    assert sorted(found["n"] for found in queue.take_json(2)) == [1, 2]


@behaviour("eventbridge.disabled-rule")
def test_disabled_rule(aws: Aws) -> None:
    queue = create_queue(aws)
    disabled = put_rule(aws, {"source": [aws.unique]}, {"Arn": queue.arn, "Input": '{"n": 1}'})
    aws.events.disable_rule(Name=disabled)
    put_rule(aws, {"source": [aws.unique]}, {"Arn": queue.arn, "Input": '{"n": 2}'})
    put_event(aws, aws.unique, {})
    assert queue.take_json(1) == [{"n": 2}]
    assert queue.receive() == []


@behaviour("eventbridge.several-targets")
def test_several_targets_of_several_rules(aws: Aws) -> None:
    queues = [create_queue(aws) for _ in range(3)]
    put_rule(aws, {"source": [aws.unique]}, {"Arn": queues[0].arn}, {"Arn": queues[1].arn})
    put_rule(aws, {"source": [{"prefix": aws.unique}]}, {"Arn": queues[2].arn})
    identifier = put_event(aws, aws.unique, {})
    assert [queue.take_json(1)[0]["id"] for queue in queues] == [identifier] * 3


@behaviour("eventbridge.target-limit")
def test_target_limit(aws: Aws) -> None:
    queue = create_queue(aws)
    rule = put_rule(aws, {"source": [aws.unique]}, *({"Arn": queue.arn, "Input": str(n)} for n in range(5)))
    sixth = {"Rule": rule, "Targets": [{"Id": "sixth", "Arn": queue.arn}]}
    assert refused(aws.events.put_targets, **sixth) == "LimitExceededException"


@behaviour("eventbridge.fifo-target")
def test_fifo_target(aws: Aws) -> None:
    queue = create_queue(aws, fifo=True, ContentBasedDeduplication="true")
    group = {"MessageGroupId": "$.detail.n"}
    put_rule(aws, {"source": [aws.unique]}, {"Arn": queue.arn, "SqsParameters": group})
    for number in range(3):
        put_event(aws, aws.unique, {"n": number})
    found = queue.take(3)
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"$.detail.n"}
    assert sorted(json.loads(message["Body"])["detail"]["n"] for message in found) == [0, 1, 2]


@behaviour("eventbridge.dead-letters")
def test_event_whose_target_is_gone(aws: Aws) -> None:
    dead, gone = create_queue(aws), create_queue(aws)
    target = {
        "Arn": gone.arn + "-gone",
        "DeadLetterConfig": {"Arn": dead.arn},
        "RetryPolicy": {"MaximumRetryAttempts": 0},
    }
    rule = put_rule(aws, {"source": [aws.unique]}, target)
    put_event(aws, aws.unique, {"n": 1})
    (message,) = dead.take(1)
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert told["RULE_ARN"].endswith(f"/{rule}")
    assert told["TARGET_ARN"] == target["Arn"]
    assert {"ERROR_CODE", "ERROR_MESSAGE"} <= told.keys()


@behaviour("eventbridge.reserved-source")
def test_reserved_source(aws: Aws) -> None:
    entry = {"Source": "aws.s3", "DetailType": "Object Created", "Detail": "{}"}
    answer = aws.events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


@behaviour("eventbridge.batch-size")
def test_eleven_events(aws: Aws) -> None:
    entry = {"Source": aws.unique, "DetailType": "x", "Detail": "{}"}
    assert refused(aws.events.put_events, Entries=[entry] * 11) == "ValidationException"


@behaviour("eventbridge.bad-entry")
def test_bad_entry(aws: Aws) -> None:
    entries = [{"Source": aws.unique, "DetailType": "x", "Detail": detail} for detail in ("{}", "no json")]
    answer = aws.events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["EventId"]
    assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail"


@behaviour("eventbridge.machine-target")
def test_rule_starts_a_machine(aws: Aws) -> None:
    machines = Machines(aws)
    machine = machines.create(PASS)
    put_rule(aws, {"source": [aws.unique]}, {"Arn": machine, "RoleArn": aws.account.role})
    identifier = put_event(aws, aws.unique, {"n": 1})
    (execution,) = eventually(lambda: machines.succeeded(machine))
    description = machines.client.describe_execution(executionArn=execution)
    started = json.loads(description["input"])
    assert (started["id"], started["detail"]) == (identifier, {"n": 1})


@behaviour("eventbridge.function-target")
def test_rule_invokes_a_function(aws: Aws) -> None:
    name = aws.name("target")
    arn = create_function(aws.account, aws, name, "def handler(event, context):\n    print(event['id'])\n")
    rule = put_rule(aws, {"source": [aws.unique]}, {"Arn": arn})
    source = f"arn:aws:events:{aws.account.region}:{aws.account.account_id}:rule/{rule}"
    aws.functions.add_permission(
        FunctionName=name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )
    identifier = put_event(aws, aws.unique, {})

    def printed() -> bool:
        groups = aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        events = [
            event["message"]
            for group in groups
            for event in aws.logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        ]
        return any(identifier in event for event in events)

    eventually(printed)
