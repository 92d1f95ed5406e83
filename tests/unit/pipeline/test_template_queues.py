"""Queues: who may send to each, what becomes of what fails, and how each way of a file is wired."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.pipeline.template_variants import Variant, in_order, targets, variant, variants

pytestmark = pytest.mark.unit

each_variant = pytest.mark.parametrize("found", variants(), ids=str)


def queue_of(arn: Any) -> str:
    return next(targets(arn))


def senders(found: Variant) -> dict[str, set[str]]:
    """Return who sends to each queue, from the side of the sender."""
    result: dict[str, set[str]] = {}
    for name, rule in found.of_type("Events::Rule").items():
        for target in rule["Targets"]:
            result.setdefault(queue_of(target["DeadLetterConfig"]["Arn"]), set()).add(name)
            if (to := queue_of(target["Arn"])).endswith("Queue"):
                result.setdefault(to, set()).add(name)
    for pipe in found.of_type("Pipes::Pipe").values():
        if "StateMachine" not in (target := queue_of(pipe["Target"])):
            result.setdefault(target, set()).add(queue_of(pipe["RoleArn"]))
    return result


@each_variant
def test_each_queue_lets_in_exactly_its_senders(found: Variant) -> None:
    allowed: dict[str, set[str]] = {}
    for policy in found.of_type("SQS::QueuePolicy").values():
        (queue,) = (next(targets(url)) for url in policy["Queues"])
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Action"] == "sqs:SendMessage"
            assert queue_of(statement["Resource"]) == queue
            allowed.setdefault(queue, set()).add(_sender(statement))
    assert allowed == senders(found)


def _sender(statement: dict[str, Any]) -> str:
    if statement["Principal"] == {"Service": "events.amazonaws.com"}:
        return queue_of(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    return queue_of(statement["Principal"]["AWS"])


@each_variant
def test_what_is_taken_from_a_queue_ends_in_a_dead_letter_queue(found: Variant) -> None:
    queues = found.of_type("SQS::Queue")
    taken = {
        queue_of(mapping["EventSourceArn"])
        for mapping in found.of_type("Lambda::EventSourceMapping").values()
    }
    taken |= {queue_of(pipe["Source"]) for pipe in found.of_type("Pipes::Pipe").values()}
    taken |= {"WorkQueue"} if found.values["Route"] == "ecs" else set()
    assert taken == {name for name, queue in queues.items() if "RedrivePolicy" in queue}
    for name in taken:
        redrive = queues[name]["RedrivePolicy"]
        dead_letters = queues[queue_of(redrive["deadLetterTargetArn"])]
        assert redrive["maxReceiveCount"] == {"Ref": "MaxReceiveCount"}
        assert queues[name].get("FifoQueue") == dead_letters.get("FifoQueue"), "AWS refuses a mixed pair"
        allowed = [_resolved(arn, found) for arn in dead_letters["RedriveAllowPolicy"]["sourceQueueArns"]]
        assert any(arn.endswith(":" + _own_name(queues[name])) for arn in allowed)
        assert dead_letters["MessageRetentionPeriod"] > queues[name]["MessageRetentionPeriod"]


def _own_name(queue: dict[str, Any]) -> str:
    return str(queue["QueueName"]["Fn::Sub"])


@each_variant
def test_queues_are_encrypted_named_polled_long_and_fifo_by_name(found: Variant) -> None:
    for queue in found.of_type("SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
        assert _own_name(queue).endswith(".fifo") == queue.get("FifoQueue", False)
        if "RedrivePolicy" in queue:
            assert queue["ReceiveMessageWaitTimeSeconds"] == 20


@each_variant
def test_messages_stay_hidden_six_times_as_long_as_their_function_may_run(found: Variant) -> None:
    queues, functions = found.of_type("SQS::Queue"), found.of_type("Lambda::Function")
    pairs = [
        (queue_of(mapping["EventSourceArn"]), queue_of(mapping["FunctionName"]))
        for mapping in found.of_type("Lambda::EventSourceMapping").values()
    ]
    pairs += [
        (queue_of(pipe["Source"]), queue_of(pipe["Enrichment"]))
        for pipe in found.of_type("Pipes::Pipe").values()
    ]
    for queue, function in pairs:
        hidden_s = int(found.values[queues[queue]["VisibilityTimeout"]["Ref"]])
        assert hidden_s >= 6 * int(found.values[functions[function]["Timeout"]["Ref"]])


@each_variant
def test_a_fifo_queue_is_fed_with_customer_and_upload(found: Variant) -> None:
    for pipe in found.of_type("Pipes::Pipe").values():
        is_fifo = found.of_type("SQS::Queue").get(queue_of(pipe["Target"]), {}).get("FifoQueue", False)
        wanted = {"MessageGroupId": "$.customer_id", "MessageDeduplicationId": "$.file_id"}
        assert pipe["TargetParameters"].get("SqsQueueParameters") == (wanted if is_fifo else None)
    if found.chosen.get("Fifo") == "true":
        (target,) = (pipe["Target"] for pipe in found.of_type("Pipes::Pipe").values())
        assert found.of_type("SQS::Queue")[queue_of(target)]["FifoQueue"] is True


@each_variant
def test_event_source_mappings_keep_to_what_aws_allows(found: Variant) -> None:
    for mapping in found.of_type("Lambda::EventSourceMapping").values():
        queue = found.of_type("SQS::Queue")[queue_of(mapping["EventSourceArn"])]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        window = mapping.get("MaximumBatchingWindowInSeconds")
        if queue.get("FifoQueue"):
            assert window is None
        if int(found.values[mapping["BatchSize"]["Ref"]]) > 10:
            assert int(found.values[window["Ref"]]) >= 1


@each_variant
def test_every_target_of_a_rule_is_tried_for_a_day_and_has_a_dead_letter_queue(found: Variant) -> None:
    rules = found.of_type("Events::Rule").values()
    assert all(1 <= len(rule["Targets"]) <= 5 for rule in rules)
    for target in (target for rule in rules for target in rule["Targets"]):
        assert queue_of(target["DeadLetterConfig"]["Arn"]) == "UndeliveredEventsQueue"
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
        assert "InputTransformer" not in target
        is_machine = "StateMachine" in queue_of(target["Arn"])
        assert ("RoleArn" in target) == is_machine


@pytest.mark.parametrize(
    ("chosen", "way"),
    [
        ({"Route": "queued"}, {"WorkQueue", "RecorderQueue"}),
        ({"Route": "queued", "Recording": "lean"}, {"WorkQueue"}),
        ({"Route": "ecs", "Recording": "lean"}, {"WorkQueue"}),
        ({"Route": "direct", "Recording": "lean"}, {"TransferFileStateMachine"}),
        ({"Route": "nested", "Recording": "lean"}, {"ParentStateMachine"}),
        ({"Route": "queued-nested", "Recording": "lean"}, {"WorkQueue"}),
        ({"Route": "queued", "Pipe": "true"}, {"IngressQueue", "RecorderQueue"}),
        ({"Route": "queued-nested", "Pipe": "true", "Recording": "lean"}, {"IngressQueue"}),
    ],
    ids=in_order,
)
def test_the_rule_hands_events_to(chosen: dict[str, str], way: set[str]) -> None:
    rule = variant(chosen).of_type("Events::Rule")["UploadRule"]
    assert {queue_of(target["Arn"]) for target in rule["Targets"]} == way


@each_variant
def test_executions_that_have_not_succeeded_are_told_to_notify(found: Variant) -> None:
    rule = found.of_type("Events::Rule").get("FailedExecutionsRule")
    machines = set(found.of_type("StepFunctions::StateMachine")) - {"ChildStateMachine"}
    assert (rule is not None) == bool(machines)
    if rule is None:
        return
    detail = rule["EventPattern"]["detail"]
    assert {queue_of(arn) for arn in detail["stateMachineArn"]} == machines
    assert detail["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert [queue_of(target["Arn"]) for target in rule["Targets"]] == ["NotifyFunction"]
    permission = found.of_type("Lambda::Permission")["FailedExecutionsPermission"]
    assert permission["SourceArn"] == {"Fn::GetAtt": ["FailedExecutionsRule", "Arn"]}
    assert queue_of(permission["FunctionName"]) == "NotifyFunction"


@each_variant
def test_broken_uploads_to_the_source_bucket_are_told_to_the_quarantine(found: Variant) -> None:
    rule = found.of_type("Events::Rule")["PartialUploadRule"]
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.transfer"]
    protocols = ("SFTP", "FTPS", "FTP")
    assert pattern["detail-type"] == [f"{name} Server File Upload Failed" for name in protocols]
    path = {"prefix": {"Fn::Sub": "/${SourceBucket}/"}}
    assert pattern["detail"] == {"failure-code": ["PARTIAL_UPLOAD"], "file-path": [path]}
    assert [queue_of(target["Arn"]) for target in rule["Targets"]] == ["QuarantineFunction"]
    permission = found.of_type("Lambda::Permission")["PartialUploadPermission"]
    assert permission["SourceArn"] == {"Fn::GetAtt": ["PartialUploadRule", "Arn"]}
    assert queue_of(permission["FunctionName"]) == "QuarantineFunction"


@pytest.mark.parametrize(
    ("chosen", "target"),
    [
        ({"Route": "queued", "Pipe": "true"}, "WorkQueue"),
        ({"Route": "ecs", "Pipe": "true"}, "WorkQueue"),
        ({"Route": "queued-nested", "Pipe": "true"}, "ParentStateMachine"),
        ({"Route": "queued-nested", "Pipe": "true", "Fifo": "true"}, "WorkQueue"),
    ],
    ids=in_order,
)
def test_the_pipe_hands_on_to(chosen: dict[str, str], target: str) -> None:
    found = variant(chosen)
    (pipe,) = found.of_type("Pipes::Pipe").values()
    assert queue_of(pipe["Target"]) == target
    parameters = pipe["TargetParameters"]
    if target == "ParentStateMachine":
        assert parameters == {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}
        assert pipe["SourceParameters"]["SqsQueueParameters"]["BatchSize"] == 1
        assert "StarterFunction" not in found.resources
    else:
        assert parameters["InputTemplate"] == "<$.event>"


def _pattern(chosen: dict[str, str]) -> Any:
    """Return the Pipe's filter as AWS gets it."""
    found = variant({"Route": "queued", "Pipe": "true", **chosen})
    (pipe,) = found.of_type("Pipes::Pipe").values()
    (pattern,) = pipe["SourceParameters"]["FilterCriteria"]["Filters"]
    return json.loads(_resolved(pattern["Pattern"], found))["body"]["detail"]["object"]


def _resolved(value: Any, found: Variant) -> str:
    match value:
        case {"Fn::Sub": [text, dict(given)]}:
            for name, inner in given.items():
                text = text.replace(f"${{{name}}}", _resolved(inner, found))
            return str(text)
        case {"Fn::Sub": str(text)}:
            for name, inner in found.values.items():
                text = text.replace(f"${{{name}}}", str(inner))
            return text
        case {"Fn::Join": [separator, inner]}:
            return str(separator).join(_resolved_list(inner, found))
        case str(text):
            return text
    raise AssertionError(value)


def _resolved_list(value: Any, found: Variant) -> list[str]:
    assert set(value) == {"Fn::Split"}
    separator, reference = value["Fn::Split"]
    return str(found.values[reference["Ref"]]).split(separator)


def test_the_pipe_filters_by_prefix_suffix_and_size() -> None:
    everything = [{"exists": True}]
    assert _pattern({}) == {"key": everything, "size": everything}
    assert _pattern({"IncludePrefixes": "a/,b/"})["key"] == [{"prefix": "a/"}, {"prefix": "b/"}]
    assert _pattern({"IncludeSuffixes": ".csv"})["key"] == [{"suffix": ".csv"}]
    assert _pattern({"MinSizeBytes": "1"})["size"] == [{"numeric": [">=", 1]}]
