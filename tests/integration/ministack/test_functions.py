"""Functions on MiniStack run in our Lambda runtime: bounded, with AWS's errors and logs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from harness.aws import client
from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.engines.ministack.settings import LAMBDA_PROCESSES
from tests.integration.lambda_runtime.functions import Invoked, TestFunction, wait_until

pytestmark = pytest.mark.integration

Make = Callable[..., TestFunction]
TELLS_ITS_PROCESS = """
import os, time
def handler(event, context):
    time.sleep(0.2)
    return os.getpid()
"""
FAILS = """
class Broken(Exception): pass
def handler(event, context):
    raise Broken("on purpose")
"""
PRINTS = """
def handler(event, context):
    print("hello")
"""
BURST = 60


def test_a_burst_waits_for_few_processes(ministack: EngineInfo, make_function: Make) -> None:
    function = make_function(TELLS_ITS_PROCESS, Timeout=60)
    answers = function.invoke_together([None] * BURST)
    assert all(isinstance(each, Invoked) and each.error is None for each in answers), answers
    pids = {each.payload for each in answers if isinstance(each, Invoked)}
    assert len(pids) <= LAMBDA_PROCESSES
    counts = registry.lambda_environments(ministack)
    assert counts is not None
    assert counts.starting + counts.idle + counts.busy <= LAMBDA_PROCESSES


def test_an_error_has_the_name_of_its_class(make_function: Make) -> None:
    found = make_function(FAILS).invoke()
    assert found.error == "Unhandled"
    assert (found.payload["errorType"], found.payload["errorMessage"]) == ("Broken", "on purpose")


def test_a_state_machine_catches_it_by_that_name(ministack: EngineInfo, make_function: Make) -> None:
    function = make_function(FAILS)
    caught = {"ErrorEquals": ["Broken"], "Next": "Caught"}
    ended = _run(ministack, {"Call": {**_call(function), "Catch": [caught]}, "Caught": {"Type": "Succeed"}})
    assert ended["status"] == "SUCCEEDED"


def test_a_throttled_call_has_awss_name_in_a_state_machine(
    ministack: EngineInfo, make_function: Make
) -> None:
    function = make_function(FAILS)
    functions = client("lambda", ministack)
    functions.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    ended = _run(ministack, {"Call": _call(function)})
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.TooManyRequestsException")


def test_a_changed_function_runs_its_new_code(make_function: Make) -> None:
    function = make_function("def handler(event, context): return 'old'")
    assert function.invoke().payload == "old"
    function.update("def handler(event, context): return 'new'")
    assert function.invoke().payload == "new"


def test_an_environment_has_one_log_stream(ministack: EngineInfo, make_function: Make) -> None:
    function = make_function(PRINTS)
    function.invoke()
    function.invoke()
    logs = client("logs", ministack)
    (stream,) = logs.describe_log_streams(logGroupName=function.log_group)["logStreams"]
    events = logs.get_log_events(logGroupName=function.log_group, logStreamName=stream["logStreamName"])
    assert [event["message"].split()[0] for event in events["events"]] == [
        "START",
        "hello",
        "END",
        "REPORT",
    ] * 2


def test_functions_of_a_template_have_their_reserved_concurrency(ministack: EngineInfo) -> None:
    name = f"reserving-{uuid.uuid4().hex[:8]}"
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name,
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::000000000000:role/test",
            "Code": {"ZipFile": "def handler(event, context): return 1"},
            "ReservedConcurrentExecutions": 3,
        },
    }
    formation, functions = client("cloudformation", ministack), client("lambda", ministack)
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Function": function}}))
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    reserved = functions.get_function_concurrency(FunctionName=name)
    assert reserved["ReservedConcurrentExecutions"] == 3
    wait_until(lambda: _idle(ministack) > 0, "its first environments have started")


def _idle(engine: EngineInfo) -> int:
    counts = registry.lambda_environments(engine)
    assert counts is not None
    return counts.idle


def _call(function: TestFunction) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function.name, "Payload": {}},
        "End": True,
    }


def _run(engine: EngineInfo, states: dict[str, Any]) -> dict[str, Any]:
    """Run a state machine to its end."""
    machines = client("stepfunctions", engine)
    machine = machines.create_state_machine(
        name=f"machine-{uuid.uuid4().hex[:8]}",
        definition=json.dumps({"StartAt": "Call", "States": states}),
        roleArn="arn:aws:iam::000000000000:role/test",
    )["stateMachineArn"]
    execution = machines.start_execution(stateMachineArn=machine)["executionArn"]
    found: list[dict[str, Any]] = []

    def ended() -> bool:
        found.append(machines.describe_execution(executionArn=execution))
        return bool(found[-1]["status"] != "RUNNING")

    wait_until(ended, "the execution ends")
    return found[-1]
