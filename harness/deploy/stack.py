"""Creates a CloudFormation stack and waits for it, telling what it is doing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from harness.aws import translated
from harness.engines.base import Progress
from harness.exceptions import DeployError

_POLL_S = 0.2
_TIMEOUT_S = 600.0
_RUNNING = frozenset({"CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "REVIEW_IN_PROGRESS"})
_REASONS_SHOWN = 8


def create(
    cloudformation: Any, name: str, *, template: str, parameters: Mapping[str, str], progress: Progress
) -> dict[str, str]:
    """Create the stack `name` and return its outputs once it is complete.

    :param template: the template's text
    :raises DeployError: it failed, with the reasons of the resources that failed
    """
    with translated(f"creating the CloudFormation stack {name}"):
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": parameters[key]} for key in parameters],
            Capabilities=["CAPABILITY_IAM"],
        )
        return _wait(cloudformation, name, progress)


def _wait(cloudformation: Any, name: str, progress: Progress) -> dict[str, str]:
    deadline = time.monotonic() + _TIMEOUT_S
    told = ""
    while time.monotonic() < deadline:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if found["StackStatus"] not in _RUNNING:
            raise _failure(cloudformation, name, found)
        if (state := _state(cloudformation, name)) != told:
            progress(state)
            told = state
        time.sleep(_POLL_S)
    raise DeployError(
        f"the stack {name} was not complete after {_TIMEOUT_S:.0f} s; {told}", hint="see the engine's log"
    )


def _state(cloudformation: Any, name: str) -> str:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    done = sum(resource["ResourceStatus"] == "CREATE_COMPLETE" for resource in resources)
    return f"Pipeline: {done} of {len(resources)} resources that were begun are ready"


def _failure(cloudformation: Any, name: str, found: Mapping[str, Any]) -> DeployError:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    told = reasons[:_REASONS_SHOWN] or [f"  {found.get('StackStatusReason', 'no reason was given')}"]
    return DeployError(
        f"the stack {name} ended as {found['StackStatus']}:\n" + "\n".join(told),
        hint="mend what the first line names; the rest often follows from it",
    )
