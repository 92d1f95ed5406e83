"""Errors in state machines: retries, catches, children that fail or are stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.aws import Aws
from tests.conformance.functions import TOOL, create_function, tool
from tests.conformance.machines import FAIL, PASS, WAIT, Machines, child_task, invoke_task
from tests.conformance.marks import behaviour
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance


def retrier(*errors: str, attempts: int = 2) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": attempts}


@behaviour("stepfunctions.retry")
def test_retry(aws: Aws) -> None:
    machines = Machines(aws)
    task = invoke_task(aws.account.shared(tool), Retry=[retrier("States.ALL")])
    ended = machines.run({"Invoke": task}, {"do": "fail"})
    history = machines.history(ended["executionArn"])
    assert (ended["status"], ended["error"]) == ("FAILED", "Refused")
    assert (history.count("TaskScheduled"), history.count("TaskFailed")) == (3, 3)


@behaviour("stepfunctions.retrier-by-name")
def test_retriers_by_name(aws: Aws) -> None:
    machines = Machines(aws)
    retriers = [
        retrier("Other", attempts=5),
        retrier("Refused", attempts=1),
        retrier("States.ALL", attempts=5),
    ]
    ended = machines.run({"Invoke": invoke_task(aws.account.shared(tool), Retry=retriers)}, {"do": "fail"})
    assert machines.history(ended["executionArn"]).count("TaskFailed") == 2


CAUGHT = {"Caught": {"Type": "Pass", "End": True}}


def catcher(*errors: str) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "ResultPath": "$.error", "Next": "Caught"}


@behaviour("stepfunctions.catch")
def test_catch(aws: Aws) -> None:
    task = invoke_task(aws.account.shared(tool), Catch=[catcher("Other"), catcher("Refused")])
    found = Machines(aws).output({"Invoke": task, **CAUGHT}, {"do": "fail", "message": "not é"})
    assert (found["do"], found["error"]["Error"]) == ("fail", "Refused")
    assert json.loads(found["error"]["Cause"])["errorMessage"] == "not é"


@behaviour("stepfunctions.catch-after-retry")
def test_catch_after_retries(aws: Aws) -> None:
    machines = Machines(aws)
    retry, catch = [retrier("States.TaskFailed", attempts=1)], [catcher("States.ALL")]
    task = invoke_task(aws.account.shared(tool), Retry=retry, Catch=catch)
    ended = machines.run({"Invoke": task, **CAUGHT}, {"do": "fail"})
    assert ended["status"] == "SUCCEEDED"
    assert machines.history(ended["executionArn"]).count("TaskFailed") == 2


def error_of(aws: Aws, function: str, content: Any = None) -> str:
    ended = Machines(aws).run({"Invoke": invoke_task(function)}, content)
    assert ended["status"] == "FAILED"
    return str(ended["error"])


@behaviour("stepfunctions.exception")
def test_exception(aws: Aws) -> None:
    assert error_of(aws, aws.account.shared(tool), {"do": "fail"}) == "Refused"


@behaviour("stepfunctions.function-timeout")
def test_timeout_of_a_function(aws: Aws) -> None:
    assert error_of(aws, aws.account.shared(tool), {"do": "sleep", "s": 60}) == "Sandbox.Timedout"


@behaviour("stepfunctions.missing-function")
def test_missing_function(aws: Aws) -> None:
    assert error_of(aws, aws.name("none")) == "Lambda.ResourceNotFoundException"


@behaviour("stepfunctions.throttled-function")
def test_throttled_function(aws: Aws) -> None:
    name, machines = aws.name("throttled"), Machines(aws)
    create_function(aws.account, aws, name, TOOL)
    aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    task = invoke_task(name, Retry=[retrier("Lambda.TooManyRequestsException")])
    ended = machines.run({"Invoke": task})
    assert ended["error"] == "Lambda.TooManyRequestsException"
    assert machines.history(ended["executionArn"]).count("TaskFailed") == 3


@behaviour("stepfunctions.task-timeout")
def test_timeout_of_a_task(aws: Aws) -> None:
    task = invoke_task(aws.account.shared(tool), TimeoutSeconds=1, Catch=[catcher("States.Timeout")])
    found = Machines(aws).output({"Invoke": task, **CAUGHT}, {"do": "sleep", "s": 2.5})
    assert found["error"]["Error"] == "States.Timeout"


@behaviour("stepfunctions.child")
def test_child(aws: Aws) -> None:
    machines = Machines(aws)
    child = machines.create(PASS)
    found = machines.output({"Child": child_task(child)}, {"key": "a b"})
    assert (found["Status"], found["StateMachineArn"]) == ("SUCCEEDED", child)
    assert (found["Input"], found["Output"]) == ({"key": "a b"}, {"key": "a b"})
    assert machines.history(found["ExecutionArn"])[-1] == "ExecutionSucceeded"


@behaviour("stepfunctions.child-as-text")
def test_output_of_a_child_as_text(aws: Aws) -> None:
    machines = Machines(aws)
    found = machines.output(
        {"Child": child_task(machines.create(PASS), "states:startExecution.sync")}, {"n": 1}
    )
    assert isinstance(found["Output"], str)
    assert json.loads(found["Output"]) == {"n": 1}


@behaviour("stepfunctions.failed-child")
def test_failed_child(aws: Aws) -> None:
    machines = Machines(aws)
    ended = machines.run({"Child": child_task(machines.create(FAIL))})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Broken", "on purpose")


@behaviour("stepfunctions.express-child")
def test_express_child(aws: Aws) -> None:
    machines = Machines(aws)
    child = machines.create(PASS, "EXPRESS")
    found = machines.output({"Child": child_task(child, "aws-sdk:sfn:startSyncExecution")}, {"n": 1})
    assert found["Status"] == "SUCCEEDED"
    assert json.loads(found["Output"]) == {"n": 1}


@behaviour("stepfunctions.stopped-parent")
def test_stopped_parent(aws: Aws) -> None:
    machines = Machines(aws)
    child = machines.create(WAIT)
    parent = machines.start(machines.create({"Child": child_task(child)}))
    (execution,) = eventually(lambda: machines.running(child))
    machines.client.stop_execution(executionArn=parent)
    assert machines.end_of(execution)["status"] == "ABORTED"
