"""The fault layer without LocalStack: what rules meet and hit, what becomes of events and invocations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from floodgate_localstack.call_counts import CallCounts
from floodgate_localstack.callers import Callers, access_key_of
from floodgate_localstack.faults.errors import status_of
from floodgate_localstack.faults.events import BEHIND_S, HOLD_S, EventFaults
from floodgate_localstack.faults.functions import (
    FunctionFaults,
    InjectedFailureError,
    InjectedThrottleError,
)
from floodgate_localstack.faults.layer import FaultLayer
from floodgate_localstack.faults.resources import resource_of
from floodgate_localstack.faults.rules import BadRuleError, Rule, RuleSpec

from harness.faults import parse

pytestmark = pytest.mark.unit

WAIT_S = 10.0


def spec(text: str) -> RuleSpec:
    """Make a rule from what a user writes: the two sides must understand each other."""
    (rule,) = parse([text])
    return RuleSpec.from_json(rule.to_json())


def layer(*texts: str) -> FaultLayer:
    made = FaultLayer()
    made.replace([spec(text) for text in texts], seed=1)
    return made


def hits(rule: Rule, count: int) -> list[bool]:
    return [rule.hit() for _ in range(count)]


def test_a_share_is_kept_and_depends_on_the_seed_alone() -> None:
    tenth = spec("s3.CopyObject:AccessDenied@10%")
    first = hits(Rule(tenth, seed=1), 5000)
    assert 400 < sum(first) < 600
    assert hits(Rule(tenth, seed=1), 5000) == first
    assert hits(Rule(tenth, seed=2), 5000) != first
    assert all(hits(Rule(spec("s3.CopyObject:AccessDenied"), seed=1), 100))


def test_a_window_counts_from_the_setting_and_outside_it_nothing_is_met() -> None:
    now = [100.0]
    rule = Rule(spec("s3.CopyObject:AccessDenied[10s-20s]"), 1, clock=lambda: now[0])
    seen = []
    for now[0] in (100.0, 109.9, 110.0, 119.9, 120.0):
        seen.append(rule.hit())
    assert seen == [False, False, True, True, False]
    assert rule.to_json() == {"text": "s3.CopyObject:AccessDenied[10s-20s]", "matched": 2, "hits": 2}


@pytest.mark.parametrize(
    ("where", "name", "meets"),
    [
        ("archive", "archive/a/b.csv", True),
        ("archive", "archive", True),
        ("archive/eu/*", "archive/eu/x/y.csv", True),
        ("archive/eu/*", "archive/us/x.csv", False),
        ("*/x.csv", "any/x.csv", True),
        ("arch*", "archive/x", True),
        ("archive", "archive-2/x", False),
    ],
)
def test_resources_by_pattern(where: str, name: str, meets: bool) -> None:
    assert Rule(spec(f"s3.CopyObject[{where}]:AccessDenied"), 1).meets_resource(name) is meets


def test_functions_are_known_by_name_or_by_its_last_part() -> None:
    rule = Rule(spec("lambda.worker:kill"), 1)
    assert [rule.meets_function(name) for name in ("worker", "stack-worker", "worker-2", "coworker")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("service", "request_", "name"),
    [
        ("s3", {"Bucket": "b", "Key": "a/b"}, "b/a/b"),
        ("s3", {"Bucket": "b"}, "b"),
        ("sqs", {"QueueUrl": "http://127.0.0.1:4566/queue/us-east-1/000000000000/work"}, "work"),
        ("stepfunctions", {"stateMachineArn": "arn:aws:states:r:a:stateMachine:parent"}, "parent"),
        ("dynamodb", {"TableName": "Files"}, "Files"),
        ("sts", {}, ""),
    ],
)
def test_the_name_of_what_a_call_is_about(service: str, request_: dict[str, Any], name: str) -> None:
    assert resource_of(service, request_) == name


def test_codes_have_the_status_of_their_service() -> None:
    assert status_of("SlowDown", "s3") == 503
    assert status_of("NoSuchBucket", "s3") == 404
    assert status_of("ThrottlingException", "dynamodb") == 400
    assert status_of("ServiceUnavailable", "sqs") == 503
    assert status_of("AnythingElse", "s3") == 400


@pytest.mark.parametrize(
    "document",
    [{}, {"text": "x"}, {**parse(["s3.events:drop"])[0].to_json(), "share": 0}, {"unknown": 1}],
)
def test_what_is_no_rule_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadRuleError):
        RuleSpec.from_json(document)


def test_events_without_rules_are_sent_once() -> None:
    sent: list[str] = []
    EventFaults(FaultLayer()).deliver("b", "k", lambda: sent.append("k"))
    assert sent == ["k"]


def test_events_are_doubled_dropped_and_overtaken() -> None:
    sent: list[str] = []
    later: list[tuple[float, Callable[[], None]]] = []
    events = EventFaults(
        layer("s3.events[b/twice]:duplicate", "s3.events[b/never]:drop", "s3.events[b/late]:reorder"),
        later=lambda seconds, action: later.append((seconds, action)),
    )
    for key in ("late", "twice", "never", "plain"):
        events.deliver("b", key, lambda key=key: sent.append(key))
    assert sent == ["twice", "twice", "plain"]
    assert [seconds for seconds, _ in later] == [HOLD_S, BEHIND_S]
    for _, action in reversed(later):
        action()
    assert sent == ["twice", "twice", "plain", "late"]


def test_a_held_event_goes_on_by_itself() -> None:
    gone = threading.Event()
    EventFaults(layer("s3.events:reorder"), hold_s=0.01).deliver("b", "k", gone.set)
    assert gone.wait(WAIT_S)


def test_a_delayed_event_comes_later() -> None:
    gone = threading.Event()
    EventFaults(layer("s3.events:delay=20ms")).deliver("b", "k", gone.set)
    assert gone.wait(WAIT_S)


class Process:
    """A runtime process that notes that it was killed."""

    access_key_id = "ASIA1"

    def __init__(self) -> None:
        self.killed = threading.Event()

    def kill_process(self) -> None:
        self.killed.set()


def test_invocations_fail_and_are_throttled() -> None:
    with pytest.raises(InjectedThrottleError):
        FunctionFaults(layer("lambda.worker:throttle")).run("s-worker", Process(), lambda: None)
    with pytest.raises(InjectedFailureError) as caught:
        FunctionFaults(layer("lambda.worker:error")).run("s-worker", Process(), lambda: None)
    assert b"InjectedFault" in caught.value.payload()
    assert FunctionFaults(layer("lambda.other:error")).run("s-worker", Process(), lambda: "ran") == "ran"


def test_a_process_is_killed_at_its_first_call() -> None:
    faults, process = FunctionFaults(layer("lambda.worker:kill")), Process()

    def invoke() -> str:
        assert not faults.on_call("ASIA2")
        faults.on_written("ASIA1")
        assert not process.killed.is_set()
        assert faults.on_call("ASIA1")
        return "dead"

    assert faults.run("worker", process, invoke) == "dead"
    assert process.killed.is_set()
    assert faults.doomed == {}


def test_a_process_is_killed_after_its_first_write() -> None:
    faults, process = FunctionFaults(layer("lambda.worker:kill=after-write")), Process()

    def invoke() -> None:
        assert not faults.on_call("ASIA1")
        faults.on_written("ASIA1")

    faults.run("worker", process, invoke)
    assert process.killed.is_set()


def test_a_process_is_killed_after_some_time_but_not_in_its_next_invocation() -> None:
    faults, process = FunctionFaults(layer("lambda.worker:kill=10ms")), Process()
    faults.run("worker", process, lambda: process.killed.wait(WAIT_S))
    assert process.killed.is_set()

    faults, process = FunctionFaults(layer("lambda.worker:kill=20ms")), Process()
    faults.run("worker", process, lambda: None)
    assert not process.killed.wait(0.1)


def test_callers_are_functions_the_harness_and_others() -> None:
    callers = Callers()
    callers.register("ASIA1", "worker")
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=ASIA1/20250101/us-east-1/s3/aws4_request, x"}
    assert access_key_of(signed) == "ASIA1"
    assert callers.name_of(signed) == "worker"
    callers.forget("ASIA1")
    assert callers.name_of(signed) == "other"
    assert callers.name_of({"User-Agent": "Boto3/1 floodgate-harness"}) == "harness"
    assert callers.name_of({}) == "other"


def test_calls_leave_out_the_harness() -> None:
    counts = CallCounts()
    for caller in ("worker", "worker", "harness", "other"):
        counts.add(caller, "s3.CopyObject")
    assert counts.to_json() == {
        "calls": {"s3.CopyObject": 3},
        "callers": {
            "harness": {"s3.CopyObject": 1},
            "other": {"s3.CopyObject": 1},
            "worker": {"s3.CopyObject": 2},
        },
    }
