"""Step Functions with the plugin's patches: what they save must not change what AWS promises."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.engine_plugin.lambdas import create_function, eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess
from tests.integration.engine_plugin.machines import Machines, invoke, start_child

pytestmark = pytest.mark.integration

HANDLER = """
    import os, time

    def handler(event, context):
        what = event.get("do")
        if what == "fail":
            raise LookupError("nothing there")
        if what == "exit":
            os._exit(3)
        if what == "sleep":
            time.sleep(event["s"])
        return {"echo": event}
"""
SUCCEED = {"Only": {"Type": "Succeed"}}
WAIT = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
FAIL = {"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}


@pytest.fixture(scope="module")
def function(localstack: LocalStackProcess) -> str:
    name = f"steps-{uuid.uuid4().hex[:8]}"
    return create_function(localstack.client("lambda"), name, HANDLER, timeout_s=2)


@pytest.fixture
def machines(localstack: LocalStackProcess, unique: str) -> Machines:
    return Machines(localstack, unique)


def test_parent_gets_the_result_of_a_standard_child_and_both_histories_can_be_read(
    machines: Machines, function: str
) -> None:
    child = machines.create({"Invoke": invoke(function)})
    parent = machines.create({"Child": start_child(child)})
    ended = machines.run(parent, {"key": "a b+c"})
    output = json.loads(ended["output"])
    assert (ended["status"], output["Status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert output["Output"] == {"echo": {"key": "a b+c"}}
    assert output["Input"] == {"key": "a b+c"}
    assert machines.history(ended["executionArn"]) == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert machines.history(output["ExecutionArn"])[-1] == "ExecutionSucceeded"


def test_parent_gets_the_result_of_an_express_child(machines: Machines, function: str) -> None:
    child = machines.create({"Invoke": invoke(function)}, "EXPRESS")
    parent = machines.create({"Child": start_child(child, "aws-sdk:sfn:startSyncExecution")})
    output = json.loads(machines.run(parent, {"n": 1})["output"])
    assert output["Status"] == "SUCCEEDED"
    assert json.loads(output["Output"]) == {"echo": {"n": 1}}


def test_failed_child_fails_the_task_with_its_description_as_cause(machines: Machines) -> None:
    parent = machines.create({"Child": start_child(machines.create(FAIL))})
    ended = machines.run(parent)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Broken", "on purpose")


def test_name_that_is_taken_is_an_error_that_can_be_caught(machines: Machines) -> None:
    child = machines.create(SUCCEED)
    state = start_child(child, "states:startExecution")
    state["Parameters"]["Name"] = "same"
    state["Catch"] = [
        {
            "ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"],
            "ResultPath": None,
            "Next": "Already",
        }
    ]
    parent = machines.create({"Start": state, "Already": {"Type": "Pass", "Result": "already", "End": True}})
    machines.run(parent, {"n": 1})
    assert json.loads(machines.run(parent, {"n": 2})["output"]) == "already"


@pytest.mark.parametrize(
    ("do", "error"), [("fail", "LookupError"), ("exit", "Runtime.ExitError"), ("sleep", "Sandbox.Timedout")]
)
def test_errors_of_a_function_have_its_names(machines: Machines, function: str, do: str, error: str) -> None:
    ended = machines.run(machines.create({"Invoke": invoke(function)}), {"do": do, "s": 60})
    assert (ended["status"], ended["error"]) == ("FAILED", error)


def test_missing_function(machines: Machines, function: str) -> None:
    missing = f"{function}-missing"
    by_arn = {"Type": "Task", "Resource": missing, "End": True}
    for state in (invoke(missing), by_arn):
        assert machines.run(machines.create({"Invoke": state}))["error"] == "Lambda.ResourceNotFoundException"


def test_throttled_function_is_retried_by_its_name(
    machines: Machines, localstack: LocalStackProcess, unique: str
) -> None:
    functions = localstack.client("lambda")
    arn = create_function(functions, f"throttled-{unique}", HANDLER)
    functions.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    retry = {
        "ErrorEquals": ["Lambda.TooManyRequestsException"],
        "IntervalSeconds": 1,
        "BackoffRate": 100,
        "MaxDelaySeconds": 1,
        "MaxAttempts": 2,
        "JitterStrategy": "FULL",
    }
    execution = machines.start(machines.create({"Invoke": invoke(arn, Retry=[retry])}))
    ended = machines.end_of(execution, deadline_s=20)
    assert ended["error"] == "Lambda.TooManyRequestsException"
    assert machines.history(execution).count("TaskFailed") == 3


def test_task_timeout_leaves_no_event_of_the_task_behind(machines: Machines, function: str) -> None:
    caught = [{"ErrorEquals": ["States.Timeout"], "Next": "Wait"}]
    states = {
        "Invoke": invoke(function, TimeoutSeconds=1, Catch=caught),
        "Wait": {"Type": "Wait", "Seconds": 1, "End": True},
    }
    ended = machines.run(machines.create(states), {"do": "sleep", "s": 1.5})
    history = machines.history(ended["executionArn"])
    assert ended["status"] == "SUCCEEDED"
    assert "TaskTimedOut" in history
    assert "TaskSucceeded" not in history


def test_machine_timeout_ends_the_execution_while_its_task_runs(machines: Machines, function: str) -> None:
    machine = machines.create({"Invoke": invoke(function)}, TimeoutSeconds=1)
    ended = machines.run(machine, {"do": "sleep", "s": 1.8})
    assert ended["status"] == "TIMED_OUT"
    assert machines.history(ended["executionArn"])[-1] == "ExecutionTimedOut"


def test_stop_ends_parent_and_child_at_once(machines: Machines) -> None:
    child = machines.create(WAIT)
    parent = machines.start(machines.create({"Child": start_child(child)}))
    eventually(lambda: bool(running(machines, child)))
    (child_execution,) = running(machines, child)
    machines.client.stop_execution(executionArn=parent, error="Enough", cause="by hand")
    ended = machines.describe(parent)
    assert ended["status"] == "ABORTED"
    assert machines.history(parent)[-1] == "ExecutionAborted"
    assert machines.end_of(child_execution, deadline_s=10)["status"] == "ABORTED"


def running(machines: Machines, machine: str) -> list[str]:
    answer = machines.client.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    return [str(execution["executionArn"]) for execution in answer["executions"]]


def test_stop_of_an_execution_that_has_ended_changes_nothing(machines: Machines) -> None:
    ended = machines.run(machines.create(SUCCEED))
    machines.client.stop_execution(executionArn=ended["executionArn"])
    assert machines.describe(ended["executionArn"])["status"] == "SUCCEEDED"


def test_update_of_a_machine_leaves_running_executions_alone(machines: Machines) -> None:
    first = {
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Old"},
        "Old": {"Type": "Pass", "Result": "old", "End": True},
    }
    machine = machines.create(first)
    execution = machines.start(machine)
    new = {"StartAt": "New", "States": {"New": {"Type": "Pass", "Result": "new", "End": True}}}
    machines.client.update_state_machine(stateMachineArn=machine, definition=json.dumps(new))
    assert json.loads(machines.run(machine)["output"]) == "new"
    assert json.loads(machines.end_of(execution)["output"]) == "old"


def test_parallel_and_map_still_work(machines: Machines) -> None:
    states: dict[str, Any] = {
        "Both": {
            "Type": "Parallel",
            "Branches": [branch("left"), branch("right")],
            "ResultPath": "$.sides",
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
            "ResultPath": "$.seen",
            "End": True,
        },
    }
    machine = machines.create(states)
    started = [machines.start(machine, {"items": [number, number + 1]}) for number in range(3)]
    outputs = [json.loads(machines.end_of(execution)["output"]) for execution in started]
    assert [output["seen"] for output in outputs] == [[0, 1], [1, 2], [2, 3]]
    assert [output["sides"] for output in outputs] == [["left", "right"]] * 3


def branch(result: str) -> dict[str, Any]:
    return {"StartAt": "Side", "States": {"Side": {"Type": "Pass", "Result": result, "End": True}}}


def test_rule_whose_input_has_no_id_starts_an_execution(
    machines: Machines, localstack: LocalStackProcess, unique: str
) -> None:
    machine, events = machines.create(SUCCEED), localstack.client("events")
    put_rule(
        events, unique, {"source": [unique]}, machine, InputTransformer={"InputTemplate": '{"just": "this"}'}
    )
    events.put_events(Entries=[{"Source": unique, "DetailType": "test", "Detail": "{}"}])
    eventually(lambda: bool(ended_of(machines, machine)), deadline_s=10)
    (execution,) = ended_of(machines, machine)
    assert json.loads(machines.describe(execution)["input"]) == {"just": "this"}


def put_rule(events: Any, name: str, pattern: dict[str, Any], target: str, **more: Any) -> None:
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "it", "Arn": target, **more}])


def ended_of(machines: Machines, machine: str) -> list[str]:
    answer = machines.client.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")
    return [str(execution["executionArn"]) for execution in answer["executions"]]


def test_status_changes_reach_a_rule(machines: Machines, localstack: LocalStackProcess, unique: str) -> None:
    sqs, machine = localstack.client("sqs"), machines.create(FAIL)
    url = sqs.create_queue(QueueName=unique)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    events = localstack.client("events")
    put_rule(events, unique, pattern, arn)
    try:
        machines.run(machine)
        statuses: list[str] = []

        def both_came() -> bool:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            statuses.extend(json.loads(one["Body"])["detail"]["status"] for one in answer.get("Messages", []))
            return sorted(statuses) == ["FAILED", "RUNNING"]

        eventually(both_came, deadline_s=15)
    finally:
        events.remove_targets(Rule=unique, Ids=["it"])
        events.delete_rule(Name=unique)


def test_failed_execution_is_in_the_log_group_and_in_the_metrics(
    machines: Machines, localstack: LocalStackProcess, unique: str
) -> None:
    logs, group = localstack.client("logs"), f"/states/{unique}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    logging_configuration = {
        "level": "ERROR",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    machine = machines.create(FAIL, loggingConfiguration=logging_configuration)
    execution = machines.run(machine)["executionArn"]

    def types() -> list[str]:
        logged = [json.loads(one["message"]) for one in logs.filter_log_events(logGroupName=group)["events"]]
        assert all(one["execution_arn"] == execution for one in logged)
        return [str(one["type"]) for one in logged]

    eventually(lambda: types() == ["FailStateEntered", "ExecutionFailed"], deadline_s=15)
    eventually(lambda: metric(localstack, machine, "ExecutionsFailed") == 1, deadline_s=15)


def metric(localstack: LocalStackProcess, machine: str, name: str) -> float:
    now = datetime.now(UTC)
    answer = localstack.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/States",
        MetricName=name,
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def test_only_standard_executions_can_be_asked_for(machines: Machines) -> None:
    machine = machines.create(SUCCEED, "EXPRESS")
    execution = machines.start(machine)
    with pytest.raises(ClientError):
        machines.describe(execution)


def test_role_of_a_machine_is_used_for_other_services(
    machines: Machines, localstack: LocalStackProcess, unique: str
) -> None:
    url = localstack.client("sqs").create_queue(QueueName=unique)["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$"},
        "End": True,
    }
    machine = machines.create({"Send": state})
    assert [machines.run(machine, {"n": number})["status"] for number in range(2)] == ["SUCCEEDED"] * 2
