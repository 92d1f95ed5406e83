"""State machines for tests: made from definitions, started, waited for."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.conformance.aws import Aws
from tests.conformance.waiting import DEADLINE_S, eventually


class Machines:
    """Makes and runs state machines of one test."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.client = aws.states

    def create(
        self, states: dict[str, Any], kind: str = "STANDARD", *, whole: Any = None, **more: Any
    ) -> str:
        """Make a machine that starts at the first of `states`; return its ARN.

        :param whole: further fields of the definition, e.g. TimeoutSeconds
        """
        definition = {"StartAt": next(iter(states)), "States": states, **(whole or {})}
        arn = eventually(lambda: self._created(json.dumps(definition), kind, more))
        self._aws.at_end(lambda: self.client.delete_state_machine(stateMachineArn=arn))
        return arn

    def _created(self, definition: str, kind: str, more: dict[str, Any]) -> str | None:
        """Create a machine; None while AWS does not know the new role everywhere."""
        try:
            answer = self.client.create_state_machine(
                name=self._aws.name("machine"),
                roleArn=self._aws.account.role,
                type=kind,
                definition=definition,
                **more,
            )
        except ClientError as exc:
            if not self._aws.account.is_real or exc.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return None
        return str(answer["stateMachineArn"])

    def start(self, machine: str, content: Any = None, **more: Any) -> str:
        answer = self.client.start_execution(
            stateMachineArn=machine, input=json.dumps({} if content is None else content), **more
        )
        return str(answer["executionArn"])

    def end_of(self, execution: str, deadline_s: float = DEADLINE_S) -> dict[str, Any]:
        """Wait for the execution's end; return its description, its output read."""

        def ended() -> dict[str, Any] | None:
            description: dict[str, Any] = self.client.describe_execution(executionArn=execution)
            return description if description["status"] != "RUNNING" else None

        description: dict[str, Any] = eventually(ended, deadline_s, what=f"the end of {execution}")
        output = json.loads(description["output"]) if "output" in description else None
        return {**description, "output": output}

    def run(self, states: dict[str, Any], content: Any = None, **more: Any) -> dict[str, Any]:
        """Make a machine, and wait for the end of one execution."""
        return self.end_of(self.start(self.create(states, **more), content))

    def output(self, states: dict[str, Any], content: Any = None, **more: Any) -> Any:
        """Return the output of an execution, which must succeed."""
        ended = self.run(states, content, **more)
        assert ended["status"] == "SUCCEEDED", ended
        return ended["output"]

    def history(self, execution: str) -> list[str]:
        """Return the types of the execution's events."""
        answer = self.client.get_execution_history(executionArn=execution, maxResults=1000)
        return [str(event["type"]) for event in answer["events"]]

    def running(self, machine: str) -> list[str]:
        return self._listed(machine, "RUNNING")

    def succeeded(self, machine: str) -> list[str]:
        return self._listed(machine, "SUCCEEDED")

    def _listed(self, machine: str, status: str) -> list[str]:
        answer = self.client.list_executions(stateMachineArn=machine, statusFilter=status)
        return [str(execution["executionArn"]) for execution in answer["executions"]]


def invoke_task(function: str, **more: Any) -> dict[str, Any]:
    """Return a Task state that invokes a function with the machine's input."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "End": True,
        **more,
    }


def child_task(child: str, how: str = "states:startExecution.sync:2", **more: Any) -> dict[str, Any]:
    """Return a Task state that starts a child with the machine's input."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{how}",
        "Parameters": {"StateMachineArn": child, "Input.$": "$"},
        "End": True,
        **more,
    }


PASS: dict[str, Any] = {"Pass": {"Type": "Pass", "End": True}}
FAIL: dict[str, Any] = {"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}
WAIT: dict[str, Any] = {"Wait": {"Type": "Wait", "Seconds": 120, "End": True}}
