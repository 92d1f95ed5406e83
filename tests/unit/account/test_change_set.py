"""The change set, with the shapes that AWS documents:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.deploy.account import change_set
from harness.exceptions import AwsError, DeployError
from tests.unit.account.stubs import Answer, answering

pytestmark = pytest.mark.unit

STACK_ID = (
    "arn:aws:cloudformation:us-east-1:123456789012:stack/floodgate-x/1a2345b6-0000-00a0-a123-00abc0abc000"
)
ID = (
    "arn:aws:cloudformation:us-east-1:123456789012:changeSet/floodgate-1/1a2345b6-0000-00a0-a123-00abc0abc000"
)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CREATE: Answer = (
    "create_change_set",
    {
        "StackName": "floodgate-x",
        "ChangeSetName": "floodgate-1",
        "ChangeSetType": "CREATE",
        "OnStackFailure": "DELETE",
        "TemplateURL": "https://s3.us-east-1.amazonaws.com/b/t.json",
        "Parameters": [{"ParameterKey": "Route", "ParameterValue": "queued"}],
        "Tags": [{"Key": "floodgate:stack", "Value": "x"}],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    },
    {"Id": ID, "StackId": STACK_ID},
)
DISCARD: list[Answer] = [
    ("delete_change_set", {"ChangeSetName": ID}, {}),
    (
        "describe_stacks",
        {"StackName": STACK_ID},
        {"Stacks": [{"StackName": "x", "CreationTime": NOW, "StackStatus": "REVIEW_IN_PROGRESS"}]},
    ),
    ("delete_stack", {"StackName": STACK_ID}, {}),
]


def described(*changes: tuple[str, str, str], status: str = "CREATE_COMPLETE", **more: Any) -> Answer:
    """Return the answer to a question for the change set."""
    request = {"ChangeSetName": ID, **({"NextToken": more.pop("token")} if "token" in more else {})}
    told = [
        {
            "Type": "Resource",
            "ResourceChange": {"Action": action, "LogicalResourceId": name, "ResourceType": type_},
        }
        for action, name, type_ in changes
    ]
    return "describe_change_set", request, {"Status": status, "Changes": told, **more}


def stack_is(status: str) -> Answer:
    outputs = [{"OutputKey": "SourceBucket", "OutputValue": "b-1"}]
    stack = {"StackName": "x", "CreationTime": NOW, "StackStatus": status, "Outputs": outputs}
    return "describe_stacks", {"StackName": STACK_ID}, {"Stacks": [stack]}


def create(answers: list[Answer], told: list[str] | None = None) -> dict[str, str]:
    cloudformation, stub = answering("cloudformation", [CREATE, *answers])
    try:
        return create_by(cloudformation, told)
    finally:
        stub.assert_no_pending_responses()


def create_by(cloudformation: Any, told: list[str] | None = None) -> dict[str, str]:
    return change_set.create(
        cloudformation,
        "floodgate-x",
        template_url="https://s3.us-east-1.amazonaws.com/b/t.json",
        expected={"Bucket": "AWS::S3::Bucket", "Queue": "AWS::SQS::Queue"},
        parameters={"Route": "queued"},
        tags={"floodgate:stack": "x"},
        change_set="floodgate-1",
        progress=(told if told is not None else []).append,
        poll_s=0,
    )


BUCKET, QUEUE = ("Add", "Bucket", "AWS::S3::Bucket"), ("Add", "Queue", "AWS::SQS::Queue")
EXECUTE: Answer = ("execute_change_set", {"ChangeSetName": ID}, {})


def test_it_is_made_compared_page_by_page_executed_and_waited_for() -> None:
    resources = [
        {
            "LogicalResourceId": "Bucket",
            "ResourceType": "AWS::S3::Bucket",
            "LastUpdatedTimestamp": NOW,
            "ResourceStatus": "CREATE_COMPLETE",
        }
    ]
    listed: Answer = ("list_stack_resources", {"StackName": STACK_ID}, {"StackResourceSummaries": resources})
    told: list[str] = []
    outputs = create(
        [
            described(status="CREATE_IN_PROGRESS"),
            described(BUCKET),
            described(BUCKET, NextToken="2"),
            described(QUEUE, token="2"),
            EXECUTE,
            stack_is("CREATE_IN_PROGRESS"),
            listed,
            stack_is("CREATE_COMPLETE"),
        ],
        told,
    )
    assert outputs == {"SourceBucket": "b-1"}
    assert any("adds 2 resources, as confirmed: 1 S3::Bucket, 1 SQS::Queue" in line for line in told)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ([BUCKET, QUEUE, ("Add", "Nat", "AWS::EC2::NatGateway")], r"Nat \(AWS::EC2::NatGateway\)"),
        ([BUCKET], "Queue is missing"),
        ([BUCKET, ("Remove", "Queue", "AWS::SQS::Queue")], "Remove Queue"),
        ([BUCKET, ("Add", "Queue", "AWS::KMS::Key")], r"Queue \(AWS::KMS::Key\)"),
    ],
)
def test_what_was_not_confirmed_is_discarded_and_never_executed(
    changes: list[tuple[str, str, str]], named: str
) -> None:
    answer = described(*changes)
    with pytest.raises(DeployError, match=named):
        create([answer, answer, *DISCARD])


def test_a_change_set_that_fails_leaves_nothing_and_tells_why() -> None:
    failed = described(status="FAILED", StatusReason="Template error: no such function")
    with pytest.raises(DeployError, match="Template error"):
        create([failed, *DISCARD])


def test_a_stack_that_fails_tells_the_reasons_of_its_events() -> None:
    event = {
        "StackId": STACK_ID,
        "EventId": "1",
        "StackName": "floodgate-x",
        "Timestamp": NOW,
        "LogicalResourceId": "Bucket",
        "ResourceType": "AWS::S3::Bucket",
        "ResourceStatus": "CREATE_FAILED",
        "ResourceStatusReason": "b-1 already exists",
    }
    later = {**event, "EventId": "2", "ResourceStatus": "DELETE_COMPLETE"}
    told_first: Answer = (
        "describe_stack_events",
        {"StackName": STACK_ID},
        {"StackEvents": [later] * 100, "NextToken": "2"},
    )
    events: Answer = (
        "describe_stack_events",
        {"StackName": STACK_ID, "NextToken": "2"},
        {"StackEvents": [event]},
    )
    answer = described(BUCKET, QUEUE)
    with pytest.raises(DeployError, match=r"(?s)DELETE_IN_PROGRESS.*b-1 already exists"):
        create([answer, answer, EXECUTE, stack_is("DELETE_IN_PROGRESS"), told_first, events])


def test_a_change_set_that_cannot_be_discarded_yet_hides_no_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AWS refuses to delete one that is being made."""
    cloudformation, stub = answering("cloudformation", [CREATE, described(status="CREATE_IN_PROGRESS")])
    stub.add_client_error("delete_change_set", service_error_code="InvalidChangeSetStatus")
    monkeypatch.setattr(time, "sleep", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_by(cloudformation)
    stub.assert_no_pending_responses()


def _interrupted(_s: float) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("code", "ours"), [("ChangeSetNotFound", False), ("AccessDenied", None)])
def test_an_empty_stack_is_known_by_its_change_set(code: str, ours: bool | None) -> None:
    cloudformation, stub = answering("cloudformation", [])
    stub.add_client_error("describe_change_set", service_error_code=code)
    if ours is None:
        with pytest.raises(AwsError, match=code):
            change_set.is_ours(cloudformation, "floodgate-x", "floodgate-1")
    else:
        assert change_set.is_ours(cloudformation, "floodgate-x", "floodgate-1") is ours
