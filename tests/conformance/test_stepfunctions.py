"""What state machines compute, and how executions are started, stopped and watched."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import tool
from tests.conformance.machines import FAIL, PASS, WAIT, Machines, invoke_task
from tests.conformance.marks import behaviour
from tests.conformance.queues import create_queue
from tests.conformance.rules import put_rule
from tests.conformance.tables import create_table
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

KIB = 1024


@behaviour("stepfunctions.same-name")
def test_name_that_is_taken(aws: Aws) -> None:
    machines = Machines(aws)
    machine = machines.create(PASS)
    machines.end_of(machines.start(machine, {"n": 1}, name="same"))
    code = refused(machines.start, machine=machine, content={"n": 2}, name="same")
    assert code == "ExecutionAlreadyExists"


@behaviour("stepfunctions.same-start")
def test_same_start_again(aws: Aws) -> None:
    machines = Machines(aws)
    machine = machines.create(WAIT)
    first = machines.start(machine, {"n": 1}, name="same")
    assert machines.start(machine, {"n": 1}, name="same") == first
    machines.client.stop_execution(executionArn=first)


@behaviour("stepfunctions.machine-timeout")
def test_timeout_of_a_machine(aws: Aws) -> None:
    machines = Machines(aws)
    ended = machines.run(WAIT, whole={"TimeoutSeconds": 1})
    assert ended["status"] == "TIMED_OUT"
    assert machines.history(ended["executionArn"])[-1] == "ExecutionTimedOut"


@behaviour("stepfunctions.stop")
def test_stop(aws: Aws) -> None:
    machines = Machines(aws)
    execution = machines.start(machines.create(WAIT))
    machines.client.stop_execution(executionArn=execution, error="Enough", cause="by hand")
    ended = machines.end_of(execution)
    assert machines.history(execution)[-1] == "ExecutionAborted"
    assert ended["status"] == "ABORTED"
    assert (ended.get("error"), ended.get("cause")) == ("Enough", "by hand")


@behaviour("stepfunctions.callback")
def test_callback(aws: Aws) -> None:
    machines, queue = Machines(aws), create_queue(aws)
    message = {"token.$": "$$.Task.Token", "input.$": "$"}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue.url, "MessageBody": message},
        "End": True,
    }
    execution = machines.start(machines.create({"Ask": task}), {"n": 1})
    (asked,) = queue.take_json(1)
    assert asked["input"] == {"n": 1}
    assert machines.client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    machines.client.send_task_success(taskToken=asked["token"], output='{"answer": 42}')
    assert machines.end_of(execution)["output"] == {"answer": 42}


@behaviour("stepfunctions.choice")
def test_choice(aws: Aws) -> None:
    rules = [
        {"Variable": "$.n", "NumericGreaterThan": 10, "Next": "Large"},
        {
            "And": [
                {"Variable": "$.key", "IsPresent": True},
                {"Variable": "$.key", "StringMatches": "*.csv"},
            ],
            "Next": "Csv",
        },
        {"Not": {"Variable": "$.done", "BooleanEquals": True}, "Next": "Open"},
    ]
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in ("Large", "Csv", "Open")}
    machines = Machines(aws)
    machine = machines.create({"Choose": {"Type": "Choice", "Choices": rules}, **ends})
    inputs: list[dict[str, Any]] = [
        {"n": 11},
        {"n": 1, "key": "a.csv"},
        {"n": 1, "done": False},
        {"n": 1, "done": True},
    ]
    ended = [machines.end_of(execution) for execution in [machines.start(machine, each) for each in inputs]]
    assert [each["output"] for each in ended[:3]] == ["Large", "Csv", "Open"]
    assert ended[-1]["status"] == "FAILED"


@behaviour("stepfunctions.parallel")
def test_parallel(aws: Aws) -> None:
    def branch(states: dict[str, Any]) -> dict[str, Any]:
        return {"StartAt": next(iter(states)), "States": states}

    def result(text: str) -> dict[str, Any]:
        return branch({"Only": {"Type": "Pass", "Result": text, "End": True}})

    machines = Machines(aws)
    both = {"Both": {"Type": "Parallel", "Branches": [result("left"), result("right")], "End": True}}
    assert machines.output(both) == ["left", "right"]
    broken = {"Both": {"Type": "Parallel", "Branches": [branch(WAIT), branch(FAIL)], "End": True}}
    ended = machines.run(broken)
    assert (ended["status"], ended["error"]) == ("FAILED", "Broken")


@behaviour("stepfunctions.map")
def test_map(aws: Aws) -> None:
    item = {"Double": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, $.n)"}, "End": True}}
    each = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemSelector": {"n.$": "$$.Map.Item.Value"},
        "MaxConcurrency": 2,
        "ItemProcessor": {"StartAt": "Double", "States": item},
        "ResultPath": "$.doubled",
        "End": True,
    }
    found = Machines(aws).output({"Each": each}, {"items": [1, 2, 3]})
    assert found == {"items": [1, 2, 3], "doubled": [{"n": 2}, {"n": 4}, {"n": 6}]}


@behaviour("stepfunctions.intrinsic-functions")
def test_intrinsic_functions(aws: Aws) -> None:
    computed = {
        "text.$": "States.Format('{} of {}', $.key, $.n)",
        "json.$": "States.StringToJson($.json)",
        "string.$": "States.JsonToString($.object)",
        "parts.$": "States.StringSplit($.key, '/')",
        "length.$": "States.ArrayLength($.list)",
        "hash.$": "States.Hash($.key, 'SHA-256')",
    }
    given = {"key": "in/a", "n": 2, "json": '{"a": 1}', "object": {"b": 2}, "list": [1, 2, 3]}
    found = Machines(aws).output({"Pass": {"Type": "Pass", "Parameters": computed, "End": True}}, given)
    assert found == {
        "hash": hashlib.sha256(b"in/a").hexdigest(),
        "text": "in/a of 2",
        "json": {"a": 1},
        "string": '{"b":2}',
        "parts": ["in", "a"],
        "length": 3,
    }


@behaviour("stepfunctions.context")
def test_context(aws: Aws) -> None:
    machines = Machines(aws)
    told = {
        "execution.$": "$$.Execution.Id",
        "name.$": "$$.Execution.Name",
        "input.$": "$$.Execution.Input",
        "machine.$": "$$.StateMachine.Id",
        "state.$": "$$.State.Name",
    }
    machine = machines.create({"Look": {"Type": "Pass", "Parameters": told, "End": True}})
    execution = machines.start(machine, {"n": 1}, name="named")
    assert machines.end_of(execution)["output"] == {
        "execution": execution,
        "name": "named",
        "input": {"n": 1},
        "machine": machine,
        "state": "Look",
    }
    counted = {"do": "retry", "retries.$": "$$.State.RetryCount"}
    parameters = {"FunctionName": aws.account.shared(tool), "Payload": counted}
    again = [{"ErrorEquals": ["Refused"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    task = invoke_task(aws.account.shared(tool), Parameters=parameters, Retry=again)
    assert machines.output({"Count": task}) == {"do": "retry", "retries": 1}


@behaviour("stepfunctions.data")
def test_data(aws: Aws) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "InputPath": "$.inner",
        "Parameters": {"FunctionName": aws.account.shared(tool), "Payload": {"got.$": "$.n"}},
        "ResultSelector": {"answer.$": "$.Payload.got", "status.$": "$.StatusCode"},
        "ResultPath": "$.result",
        "OutputPath": "$.result",
        "End": True,
    }
    found = Machines(aws).output({"Invoke": task}, {"inner": {"n": 7}})
    assert found == {"answer": 7, "status": 200}


@behaviour("stepfunctions.other-services")
def test_other_services(aws: Aws) -> None:
    queue, table = create_queue(aws), create_table(aws)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": queue.url, "MessageBody.$": "$"},
        "ResultPath": "$.sent",
        "Next": "Write",
    }
    write = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": table, "Item": {"id": {"S.$": "$.id"}}},
        "ResultPath": None,
        "End": True,
    }
    found = Machines(aws).output({"Send": send, "Write": write}, {"id": "a"})
    (message,) = queue.take(1)
    assert json.loads(message["Body"]) == {"id": "a"}
    assert found["sent"]["MessageId"] == message["MessageId"]
    key = {"id": {"S": "a"}}
    assert aws.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"] == key


@behaviour("stepfunctions.input-limit")
def test_input_limit(aws: Aws) -> None:
    machines = Machines(aws)
    machine = machines.create(PASS)
    code = refused(machines.start, machine=machine, content="x" * (256 * KIB))
    assert code in {"InvalidExecutionInput", "ValidationException"}


@behaviour("stepfunctions.output-limit")
def test_output_limit(aws: Aws) -> None:
    task = invoke_task(aws.account.shared(tool))
    ended = Machines(aws).run({"Invoke": task}, {"do": "large", "size": 300 * KIB})
    assert (ended["status"], ended.get("error")) == ("FAILED", "States.DataLimitExceeded")


@behaviour("stepfunctions.bad-definition")
def test_bad_definition(aws: Aws) -> None:
    machines = Machines(aws)
    unreachable = {**PASS, "Other": {"Type": "Pass", "End": True}}
    for states in ({"Pass": {"Type": "Pass", "Next": "Missing"}}, unreachable):
        assert refused(machines.create, states=states) == "InvalidDefinition"


@behaviour("stepfunctions.update")
def test_update(aws: Aws) -> None:
    machines = Machines(aws)
    old = {
        "Wait": {"Type": "Wait", "Seconds": 2, "Next": "Old"},
        "Old": {"Type": "Pass", "Result": "old", "End": True},
    }
    machine = machines.create(old)
    running = machines.start(machine)
    new = {"StartAt": "New", "States": {"New": {"Type": "Pass", "Result": "new", "End": True}}}
    machines.client.update_state_machine(stateMachineArn=machine, definition=json.dumps(new))
    eventually(lambda: machines.end_of(machines.start(machine))["output"] == "new")
    assert machines.end_of(running)["output"] == "old"


@behaviour("stepfunctions.express")
def test_express(aws: Aws) -> None:
    machines = Machines(aws)
    machine = machines.create(PASS, "EXPRESS")
    answer = machines.client.start_sync_execution(stateMachineArn=machine, input='{"n": 1}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"n": 1})
    refused(machines.client.describe_execution, executionArn=machines.start(machine))


@behaviour("stepfunctions.status-events")
def test_status_events(aws: Aws) -> None:
    machines, queue = Machines(aws), create_queue(aws)
    machine = machines.create(FAIL)
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    put_rule(aws, pattern, {"Arn": queue.arn})
    execution = machines.start(machine, {"n": 1})
    found = queue.take_json(2)
    assert {event["detail-type"] for event in found} == {"Step Functions Execution Status Change"}
    assert sorted(event["detail"]["status"] for event in found) == ["FAILED", "RUNNING"]
    assert {event["detail"]["executionArn"] for event in found} == {execution}


@behaviour("stepfunctions.logs")
def test_logs(aws: Aws) -> None:
    group = f"/aws/vendedlogs/states/{aws.unique}"
    aws.logs.create_log_group(logGroupName=group)
    aws.at_end(lambda: aws.logs.delete_log_group(logGroupName=group))
    arn = f"arn:aws:logs:{aws.account.region}:{aws.account.account_id}:log-group:{group}:*"
    logging = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    machines = Machines(aws)
    execution = machines.start(machines.create(PASS, loggingConfiguration=logging), {"n": 1})

    def lines() -> list[dict[str, Any]]:
        found = aws.logs.filter_log_events(logGroupName=group)["events"]
        return [json.loads(event["message"]) for event in found]

    def types() -> set[str]:
        return {str(line["type"]) for line in lines() if line["execution_arn"] == execution}

    expected = {"ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"}
    eventually(lambda: expected <= types())
    assert any('"n"' in str(line["details"].get("input")) for line in lines())
