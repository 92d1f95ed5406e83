"""Stacks: what is made, changed, refused, and what is left when something fails."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.aws import Aws, refused
from tests.conformance.marks import behaviour
from tests.conformance.stacks import Stack, queue, template
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

# There is no such bucket, and nobody else can have made one of that name.
BROKEN = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {
        "Bucket": "cf-no-such-bucket-5b1fe2c09a",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": []},
    },
}


def attribute(aws: Aws, url: str, name: str) -> str:
    return str(aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def is_there(aws: Aws, name: str) -> bool:
    """Tell whether a queue of that name is there."""
    try:
        aws.sqs.get_queue_url(QueueName=name)
    except ClientError:
        return False
    return True


@behaviour("cloudformation.create")
def test_create(aws: Aws) -> None:
    stack = Stack(aws)
    parts: dict[str, Any] = {
        "Parameters": {"Seconds": {"Type": "Number", "Default": 30}, "Stage": {"Type": "String"}},
        "Conditions": {"IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]}},
        "Mappings": {"Delays": {"test": {"seconds": "5"}}},
        "Outputs": {
            "Url": {"Value": {"Ref": "Work"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Work", "Arn"]}},
            "Text": {"Value": {"Fn::Sub": "${AWS::StackName}-${Stage}-${Work.QueueName}"}},
        },
    }
    resources = {
        "Work": queue(
            VisibilityTimeout={"Ref": "Seconds"},
            DelaySeconds={"Fn::FindInMap": ["Delays", {"Ref": "Stage"}, "seconds"]},
            MaximumMessageSize={"Fn::If": ["IsTest", 2048, 4096]},
        ),
        "Never": {**queue(), "Condition": "IsOther"},
    }
    parts["Conditions"]["IsOther"] = {"Fn::Not": [{"Condition": "IsTest"}]}
    values = [{"ParameterKey": "Stage", "ParameterValue": "test"}]
    made = stack.create(resources, parts=parts, Parameters=values)
    assert made["StackStatus"] == "CREATE_COMPLETE"
    outputs = stack.outputs()
    names = ("VisibilityTimeout", "DelaySeconds", "MaximumMessageSize")
    assert [attribute(aws, outputs["Url"], name) for name in names] == ["30", "5", "2048"]
    assert attribute(aws, outputs["Url"], "QueueArn") == outputs["Arn"]
    assert outputs["Text"] == f"{stack.name}-test-{outputs['Arn'].rpartition(':')[2]}"
    assert stack.resources().keys() == {"Work"}


def create_change_set(stack: Stack, resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a change set, wait until it is ready or has failed, return its description."""
    made = stack.client.create_change_set(
        StackName=stack.name, ChangeSetName="changes", TemplateBody=template(resources), **more
    )

    def ready() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.client.describe_change_set(ChangeSetName=made["Id"])
        return found if found["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    return eventually(ready, 120)


@behaviour("cloudformation.change-set")
def test_change_set(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Kept": queue(VisibilityTimeout=30), "Gone": queue()})
    described = create_change_set(stack, {"Kept": queue(VisibilityTimeout=60), "New": queue()})
    changes = [each["ResourceChange"] for each in described["Changes"]]
    actions = {change["LogicalResourceId"]: change["Action"] for change in changes}
    assert actions == {"Kept": "Modify", "Gone": "Remove", "New": "Add"}
    assert stack.resources().keys() == {"Kept", "Gone"}
    stack.client.execute_change_set(ChangeSetName=described["ChangeSetId"])
    eventually(lambda: stack.settled()["StackStatus"] == "UPDATE_COMPLETE")
    assert stack.resources().keys() == {"Kept", "New"}


@behaviour("cloudformation.empty-change-set")
def test_change_set_without_changes(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Work": queue(VisibilityTimeout=30)})
    described = create_change_set(stack, {"Work": queue(VisibilityTimeout=30)})
    assert described["Status"] == "FAILED"
    assert "didn't contain changes" in described["StatusReason"]


@behaviour("cloudformation.update")
def test_update(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Kept": queue(), "Changed": queue(VisibilityTimeout=30), "Gone": queue()})
    before = stack.resources()
    changed = {"Kept": queue(), "Changed": queue(VisibilityTimeout=60), "New": queue()}
    assert stack.update(changed)["StackStatus"] == "UPDATE_COMPLETE"
    after = stack.resources()
    assert after.keys() == {"Kept", "Changed", "New"}
    assert [after[name] for name in ("Kept", "Changed")] == [before[name] for name in ("Kept", "Changed")]
    assert attribute(aws, after["Changed"], "VisibilityTimeout") == "60"
    eventually(lambda: not is_there(aws, before["Gone"].rpartition("/")[2]), 90)


@behaviour("cloudformation.replacement")
def test_replacement(aws: Aws) -> None:
    stack, names = Stack(aws), [aws.name("old"), aws.name("new")]
    stack.create({"Work": queue(QueueName=names[0])})
    assert stack.update({"Work": queue(QueueName=names[1])})["StackStatus"] == "UPDATE_COMPLETE"
    assert is_there(aws, names[1])
    eventually(lambda: not is_there(aws, names[0]), 90)
    assert stack.resources().get("Work", "").endswith(f"/{names[1]}")


@behaviour("cloudformation.empty-update")
def test_update_without_changes(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Work": queue()})
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack.update({"Work": queue()})


def fail_to_create(aws: Aws) -> tuple[Stack, str, dict[str, Any]]:
    """Return a stack whose second resource has failed, the first one's name, the description."""
    stack, name = Stack(aws), aws.name("first")
    broken = {**BROKEN, "DependsOn": "First"}
    return stack, name, stack.create({"First": queue(QueueName=name), "Broken": broken})


@behaviour("cloudformation.failed-creation")
def test_failed_creation(aws: Aws) -> None:
    _, name, failed = fail_to_create(aws)
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    eventually(lambda: not is_there(aws, name), 90)


@behaviour("cloudformation.failed-update")
def test_failed_update(aws: Aws) -> None:
    stack, name = Stack(aws), aws.name("added")
    stack.create({"Work": queue(VisibilityTimeout=30)})
    changed = {
        "Work": queue(VisibilityTimeout=60),
        "Added": {**queue(QueueName=name), "DependsOn": "Work"},
        "Broken": {**BROKEN, "DependsOn": "Added"},
    }
    assert stack.update(changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert attribute(aws, stack.resources()["Work"], "VisibilityTimeout") == "30"
    eventually(lambda: not is_there(aws, name), 90)


@behaviour("cloudformation.failure-reason")
def test_reason_of_a_failure(aws: Aws) -> None:
    stack, _, _ = fail_to_create(aws)
    failed = {
        each["LogicalResourceId"]: each.get("ResourceStatusReason")
        for each in stack.events()
        if each["ResourceStatus"] == "CREATE_FAILED"
    }
    assert failed.get("Broken")
    times = [each["Timestamp"] for each in stack.events()]
    assert times == sorted(times, reverse=True)


@behaviour("cloudformation.delete")
def test_delete(aws: Aws) -> None:
    stack, name = Stack(aws), aws.name("deleted")
    stack.create({"Work": queue(QueueName=name)})
    assert stack.delete() == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        stack.description()
    eventually(lambda: not is_there(aws, name), 90)


@behaviour("cloudformation.retained")
def test_retained(aws: Aws) -> None:
    stack, name = Stack(aws), aws.name("retained")
    stack.create({"Work": {**queue(QueueName=name), "DeletionPolicy": "Retain"}})
    url = stack.resources()["Work"]
    assert stack.delete() == "DELETE_COMPLETE"
    assert is_there(aws, name)
    aws.sqs.delete_queue(QueueUrl=url)


@behaviour("cloudformation.full-bucket")
def test_full_bucket(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Bucket": {"Type": "AWS::S3::Bucket"}})
    bucket = stack.resources()["Bucket"]
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    status = stack.delete()
    assert status == "DELETE_FAILED"
    aws.s3.delete_object(Bucket=bucket, Key="key")


@behaviour("cloudformation.protected")
def test_termination_protection(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Work": queue()}, EnableTerminationProtection=True)
    code = refused(stack.client.delete_stack, StackName=stack.name)
    stack.client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
    assert code == "ValidationError"


def refused_template(aws: Aws, resources: dict[str, Any], **parts: Any) -> str:
    """Make a stack that must be refused; return the error's code."""
    stack = Stack(aws)
    return refused(stack.create, resources=resources, parts=parts)


@behaviour("cloudformation.missing-parameter")
def test_missing_parameter(aws: Aws) -> None:
    needed = {"Parameters": {"Seconds": {"Type": "Number"}}}
    assert refused_template(aws, {"Work": queue()}, **needed) == "ValidationError"
    chosen = {"Parameters": {"Stage": {"Type": "String", "Default": "x", "AllowedValues": ["a", "b"]}}}
    assert refused_template(aws, {"Work": queue()}, **chosen) == "ValidationError"


@behaviour("cloudformation.unknown-reference")
def test_unknown_reference(aws: Aws) -> None:
    assert refused_template(aws, {"Work": queue(QueueName={"Ref": "None"})}) == "ValidationError"


@behaviour("cloudformation.unknown-type")
def test_unknown_type(aws: Aws) -> None:
    assert refused_template(aws, {"Odd": {"Type": "AWS::SQS::NoSuchThing"}}) == "ValidationError"


@behaviour("cloudformation.same-name")
def test_same_name(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Work": queue()})
    assert refused(stack.create, resources={"Work": queue()}) == "AlreadyExistsException"


@behaviour("cloudformation.capabilities")
def test_capabilities(aws: Aws) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
    assert refused_template(aws, {"Role": role}) == "InsufficientCapabilitiesException"


@behaviour("cloudformation.exports")
def test_exports(aws: Aws) -> None:
    name = aws.name("export")
    importing, exporting = Stack(aws), Stack(aws)
    exported = {"Arn": {"Value": {"Fn::GetAtt": ["Dead", "Arn"]}, "Export": {"Name": name}}}
    exporting.create({"Dead": queue()}, parts={"Outputs": exported})
    policy = {"deadLetterTargetArn": {"Fn::ImportValue": name}, "maxReceiveCount": 3}
    made = importing.create({"Work": queue(RedrivePolicy=policy)})
    assert made["StackStatus"] == "CREATE_COMPLETE"
    found = json.loads(attribute(aws, importing.resources()["Work"], "RedrivePolicy"))
    assert found["deadLetterTargetArn"] == exporting.outputs()["Arn"]
    before = exporting.outputs()
    with contextlib.suppress(ClientError):  # AWS refuses the call, or takes it and cancels the deletion
        exporting.client.delete_stack(StackName=exporting.name)
    assert exporting.settled()["StackStatus"] == "CREATE_COMPLETE"
    assert is_there(aws, before["Arn"].rpartition(":")[2])
    importing.delete()


@behaviour("cloudformation.tags")
def test_tags(aws: Aws) -> None:
    stack = Stack(aws)
    stack.create({"Work": queue()}, Tags=[{"Key": "team", "Value": "files"}])
    tags = aws.sqs.list_queue_tags(QueueUrl=stack.resources()["Work"]).get("Tags", {})
    assert tags.get("team") == "files"
