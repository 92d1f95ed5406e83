"""A state machine that another one waits for: its input as JSON, and its failure as `States.TaskFailed`.

MiniStack hands on the child's own error, which no `Catch` written for AWS finds, and the input as text. It
fails where an Express child's input is JSON, which AWS writes out.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

_TOLD = (
    "error",
    "cause",
    "executionArn",
    "input",
    "inputDetails",
    "name",
    "output",
    "outputDetails",
    "startDate",
    "stateMachineArn",
    "status",
    "stopDate",
)


def apply() -> None:
    """Wrap the call that waits for a child, and replace what tells of its failure."""
    machines: Any = import_module("ministack.services.stepfunctions")
    run_child = machines._invoke_nested_start_execution_sync

    def run_child_as_json(resource: str, task_input: Any) -> Any:
        result = run_child(resource, task_input)
        return with_json_input(result) if resource.endswith(".sync:2") else result

    dispatch = machines._invoke_aws_sdk_integration

    def call_with_text(resource: str, task_input: Any) -> Any:
        return dispatch(resource, with_text_input(task_input) if ":sfn:start" in resource else task_input)

    machines._invoke_nested_start_execution_sync = run_child_as_json
    machines._invoke_aws_sdk_integration = call_with_text
    machines._nested_execution_failure = failure


def with_json_input(result: dict[str, Any]) -> dict[str, Any]:
    """Return what `.sync:2` gives: the child's input is JSON there, as its output is."""
    return {**result, "Input": json.loads(result["Input"])}


def with_text_input(task_input: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a start whose input is text, as the API takes it."""
    if isinstance(task_input.get("Input", ""), str):
        return task_input
    return {**task_input, "Input": json.dumps(task_input["Input"])}


def failure(execution: dict[str, Any]) -> tuple[str, str]:
    """Return error and cause of the task whose child has failed.

    :param execution: as DescribeExecution tells it
    """
    told = {name[0].upper() + name[1:]: execution[name] for name in _TOLD if execution.get(name) is not None}
    return "States.TaskFailed", json.dumps(told, default=str)
