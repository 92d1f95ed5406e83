"""Waiting for CloudFormation, and telling why it failed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.deploy import stack
from harness.exceptions import AwsError, DeployError

pytestmark = pytest.mark.unit


class FakeCloudFormation:
    """Goes through `states`, one for each time that it is asked."""

    def __init__(self, *states: str, events: list[dict[str, str]] | None = None) -> None:
        self.states = list(states)
        self.events = events or []
        self.created: dict[str, Any] = {}

    def create_stack(self, **arguments: Any) -> None:
        self.created = arguments

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        state = self.states.pop(0)
        outputs = [{"OutputKey": "Bucket", "OutputValue": "b-1"}]
        return {"Stacks": [{"StackStatus": state, "StackStatusReason": "as said", "Outputs": outputs}]}

    def get_paginator(self, _: str) -> FakeCloudFormation:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        resources = [{"ResourceStatus": "CREATE_COMPLETE"}, {"ResourceStatus": "CREATE_IN_PROGRESS"}]
        return [{"StackResourceSummaries": resources, "StackEvents": self.events}]


class RefusingCloudFormation(FakeCloudFormation):
    """Takes no new stack."""

    def create_stack(self, **arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "AlreadyExistsException", "Message": "is there"}}, "CreateStack")


def create(cloudformation: FakeCloudFormation, lines: list[str]) -> dict[str, str]:
    return stack.create(
        cloudformation,
        "name",
        template_url="https://bucket/template.json",
        resource_count=5,
        parameters={"P": "1"},
        tags={"floodgate:stack": "name"},
        progress=lines.append,
    )


def test_outputs_are_returned_and_progress_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "_POLL_S", 0)
    cloudformation = FakeCloudFormation("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    lines: list[str] = []
    assert create(cloudformation, lines) == {"Bucket": "b-1"}
    assert lines == ["Pipeline: 1 of 5 resources are ready"]
    assert cloudformation.created["Tags"] == [{"Key": "floodgate:stack", "Value": "name"}]
    assert cloudformation.created["Parameters"] == [{"ParameterKey": "P", "ParameterValue": "1"}]


def event(name: str, status: str, reason: str | None) -> dict[str, str]:
    found = {"LogicalResourceId": name, "ResourceType": "AWS::X::Y", "ResourceStatus": status}
    return {**found, **({"ResourceStatusReason": reason} if reason else {})}


def test_the_first_cause_comes_first() -> None:
    events = [
        event("Worker", "CREATE_FAILED", "cancelled"),
        event("Queue", "CREATE_FAILED", "no such thing"),
        event("Bucket", "CREATE_COMPLETE", None),
    ]
    with pytest.raises(DeployError) as caught:
        create(FakeCloudFormation("ROLLBACK_COMPLETE", events=events), [])
    lines = caught.value.message.splitlines()
    assert "ROLLBACK_COMPLETE" in lines[0]
    assert "Queue (AWS::X::Y): no such thing" in lines[1]


def test_a_failure_without_reasons_of_resources_tells_the_stacks_own() -> None:
    with pytest.raises(DeployError, match="as said"):
        create(FakeCloudFormation("CREATE_FAILED"), [])


def test_a_stack_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "_TIMEOUT_S", 0)
    with pytest.raises(DeployError, match="after 0 s"):
        create(FakeCloudFormation("CREATE_IN_PROGRESS"), [])


def test_a_refusal_keeps_its_code() -> None:
    with pytest.raises(AwsError) as caught:
        create(RefusingCloudFormation(), [])
    assert caught.value.code == "AlreadyExistsException"
