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
    cloudformation: Any,
    name: str,
    *,
    template_url: str,
    resource_count: int,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    progress: Progress,
) -> dict[str, str]:
    """Create the stack `name` and return its outputs once it is complete.

    :param template_url: where the template is, in S3
    :param resource_count: how many resources it has, for the progress lines
    :raises DeployError: it failed, with the reasons of the resources that failed
    """
    with translated(f"creating the CloudFormation stack {name}"):
        cloudformation.create_stack(StackName=name, **request(template_url, parameters, tags))
        return wait(cloudformation, name, resource_count, progress, timeout_s=_TIMEOUT_S, poll_s=_POLL_S)


def request(template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what CreateStack and CreateChangeSet are told alike."""
    return {
        "TemplateURL": template_url,
        "Parameters": [{"ParameterKey": key, "ParameterValue": parameters[key]} for key in parameters],
        "Tags": [{"Key": key, "Value": tags[key]} for key in tags],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    }


def wait(
    cloudformation: Any,
    name: str,
    resource_count: int,
    progress: Progress,
    *,
    timeout_s: float,
    poll_s: float,
) -> dict[str, str]:
    """Wait until a stack is complete and return its outputs.

    :param name: or id, by which a stack is known even after it has been deleted
    :raises DeployError: it failed, with the reasons of the resources that failed, or took too long
    """
    deadline = time.monotonic() + timeout_s
    told = -1
    while time.monotonic() < deadline:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if found["StackStatus"] not in _RUNNING:
            raise _failure(cloudformation, name, found)
        if (ready := _count_ready(cloudformation, name)) != told:
            progress(f"Pipeline: {ready} of {resource_count} resources are ready")
            told = ready
        time.sleep(poll_s)
    raise DeployError(
        f"after {timeout_s:.0f} s only {told} of {resource_count} resources of the stack {name} were ready",
        hint="its events in CloudFormation, or the engine's log, tell more",
    )


def _count_ready(cloudformation: Any, name: str) -> int:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    states = [resource["ResourceStatus"] for page in pages for resource in page["StackResourceSummaries"]]
    return states.count("CREATE_COMPLETE")


def _failure(cloudformation: Any, name: str, found: Mapping[str, Any]) -> DeployError:
    # The newest come first, and what follows from a failure is more than a page of them.
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
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
