"""State machines for tests: made from definitions, started, waited for."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.engine_plugin.lambdas import eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

ROLE = "arn:aws:iam::000000000000:role/test"


class Machines:
    """Makes and runs state machines on one LocalStack."""

    def __init__(self, localstack: LocalStackProcess, unique: str) -> None:
        self.client = localstack.client("stepfunctions")
        self._unique = unique
        self._made = 0

    def create(self, states: dict[str, Any], kind: str = "STANDARD", **more: Any) -> str:
        """Make a machine that starts at the first of `states`; its TimeoutSeconds may be among `more`."""
        self._made += 1
        definition: dict[str, Any] = {"StartAt": next(iter(states)), "States": states}
        if "TimeoutSeconds" in more:
            definition["TimeoutSeconds"] = more.pop("TimeoutSeconds")
        answer = self.client.create_state_machine(
            name=f"machine-{self._unique}-{self._made}",
            roleArn=ROLE,
            type=kind,
            definition=json.dumps(definition),
            **more,
        )
        return str(answer["stateMachineArn"])

    def start(self, machine: str, content: Any = None, **more: Any) -> str:
        answer = self.client.start_execution(
            stateMachineArn=machine, input=json.dumps({} if content is None else content), **more
        )
        return str(answer["executionArn"])

    def end_of(self, execution: str, deadline_s: float = 30.0) -> dict[str, Any]:
        """Wait for the execution's end; return its description."""
        eventually(lambda: self.describe(execution)["status"] != "RUNNING", deadline_s)
        return self.describe(execution)

    def run(self, machine: str, content: Any = None) -> dict[str, Any]:
        return self.end_of(self.start(machine, content))

    def describe(self, execution: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.describe_execution(executionArn=execution)
        return answer

    def history(self, execution: str) -> list[str]:
        """Return the types of the execution's events."""
        answer = self.client.get_execution_history(executionArn=execution)
        assert [event["id"] for event in answer["events"]] == list(range(1, len(answer["events"]) + 1))
        return [str(event["type"]) for event in answer["events"]]


def invoke(function: str, **more: Any) -> dict[str, Any]:
    """Return a Task state that invokes a function with the machine's input."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "End": True,
        **more,
    }


def start_child(child: str, how: str = "states:startExecution.sync:2", **more: Any) -> dict[str, Any]:
    """Return a Task state that starts a child with the machine's input."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{how}",
        "Parameters": {"StateMachineArn": child, "Input.$": "$"},
        "End": True,
        **more,
    }
