"""Deleting a stack while it is being created."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.deploy import removal
from harness.deploy.removal import FoundStack, Removal
from harness.exceptions import DeployError

pytestmark = pytest.mark.unit

HERE = "http://127.0.0.1:4566"
AWS = "https://cloudformation.us-east-1.amazonaws.com"
MAKING = FoundStack("arn:x", "floodgate-x", "CREATE_IN_PROGRESS", {})


class CloudFormation:
    """Goes through `states`, one for each time that it is asked, and notes the deletion among them."""

    def __init__(self, *states: str, endpoint_url: str = HERE, reason: str = "") -> None:
        self.meta = self
        self.endpoint_url = endpoint_url
        self.states = list(states)
        self.asked: list[str] = []
        self.resource = {
            "LogicalResourceId": "Queue",
            "ResourceType": "AWS::X::Queue",
            "PhysicalResourceId": "q-1",
            "ResourceStatus": "DELETE_FAILED",
            "ResourceStatusReason": reason,
        }

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  (as boto3 has it)
        if not self.states:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": f"{StackName} does not exist"}}, "Describe"
            )
        self.asked.append(self.states.pop(0))
        return {"Stacks": [{"StackId": "arn:x", "StackName": StackName, "StackStatus": self.asked[-1]}]}

    def delete_stack(self, **_: Any) -> None:
        self.asked.append("delete")

    def get_paginator(self, _: str) -> CloudFormation:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"StackResourceSummaries": [self.resource]}]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two looks."""
    monkeypatch.setattr(removal, "_POLL_S", 0.0)


def remove(cloudformation: CloudFormation, stack: FoundStack) -> list[str]:
    told: list[str] = []
    Removal(lambda _: cloudformation, told.append).remove(stack)
    return told


def test_what_stands_in_for_aws_ends_the_creation_first() -> None:
    engine = CloudFormation("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_COMPLETE")
    told = remove(engine, MAKING)
    assert engine.asked == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "delete", "DELETE_COMPLETE"]
    assert any("waiting until nothing is created any more" in line for line in told)


def test_aws_stops_by_itself() -> None:
    engine = CloudFormation("DELETE_COMPLETE", endpoint_url=AWS)
    remove(engine, MAKING)
    assert engine.asked == ["delete", "DELETE_COMPLETE"]


@pytest.mark.parametrize(("url", "seconds"), [(AWS, 3.0), (HERE, 0.0)])
def test_aws_is_not_asked_so_often_that_it_throttles(
    url: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    stack = FoundStack("arn:x", "floodgate-x", "CREATE_COMPLETE", {})
    remove(CloudFormation("DELETE_IN_PROGRESS", "DELETE_COMPLETE", endpoint_url=url), stack)
    assert waits == [seconds]


def test_a_deletion_that_fails_twice_tells_the_reason_of_each_resource() -> None:
    stack = FoundStack("arn:x", "floodgate-x", "CREATE_COMPLETE", {})
    engine = CloudFormation("DELETE_FAILED", "DELETE_FAILED", reason="it is in use by f-1")
    with pytest.raises(DeployError, match=r"Queue \(AWS::X::Queue\): q-1, it is in use by f-1"):
        remove(engine, stack)
    assert engine.asked.count("delete") == 2
