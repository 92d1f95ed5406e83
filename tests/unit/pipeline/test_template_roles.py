"""Least privilege: what each role may do is what its function, task or state machine does, and no more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harness.deploy import pipeline_files, template
from tests.unit.pipeline.template_variants import (
    PSEUDO,
    Variant,
    listed,
    statements,
    targets,
    variant,
    variants,
)

pytestmark = pytest.mark.unit

each_variant = pytest.mark.parametrize("found", variants(), ids=str)

UNSCOPED = {
    "DeliverLogs": "log delivery knows no resources (docs: Step Functions, cw-logs)",
    "LogInToRegistry": "ecr:GetAuthorizationToken knows no resources (service authorization reference)",
}
"""Statements with the resource `*`, and why AWS allows none better."""
ALL_OF_ONE_KIND = {
    "SftpLoggingRole": "Transfer Family names the log group by the server, which is made after its role"
}
"""Roles with a resource that ends in a wildcard although it is no bucket, execution or log stream."""


@each_variant
def test_no_permission_is_wider_than_a_named_resource(found: Variant) -> None:
    for role in found.of_type("IAM::Role"):
        for statement in statements(found, role):
            assert statement["Effect"] == "Allow"
            assert not any("*" in action for action in listed(statement["Action"]))
            if statement["Sid"] in UNSCOPED:
                assert statement["Resource"] == "*"
                continue
            for resource in listed(statement["Resource"]):
                assert resource != "*"
                assert _is_scoped(resource) or role in ALL_OF_ONE_KIND, (role, resource)


def _is_scoped(resource: Any) -> bool:
    """Tell whether a resource is one of the template's, what is in it, or one that is named in full."""
    text = json.dumps(resource)
    names_resource = bool(set(template.references(resource)) - set(PSEUDO))
    return names_resource or "*" not in text


@each_variant
def test_only_one_service_takes_a_role_and_only_for_this_account(found: Variant) -> None:
    for name, role in found.of_type("IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        service = statement["Principal"]["Service"]
        # Lambda takes roles in its own account alone and sends no source account.
        if service != "lambda.amazonaws.com":
            assert statement["Condition"]["StringEquals"] == {
                "aws:SourceAccount": {"Ref": "AWS::AccountId"}
            }, name


@each_variant
def test_every_role_and_policy_is_used(found: Variant) -> None:
    used = set(template.references([body["Properties"] for body in found.resources.values()]))
    handed_out = set(template.references(list(found.outputs.values())))
    for kind in ("IAM::Role", "IAM::ManagedPolicy"):
        assert set(found.of_type(kind)) <= used | handed_out


@each_variant
def test_nothing_refers_to_what_is_not_there(found: Variant) -> None:
    there = set(found.resources) | set(found.values) | set(PSEUDO) | {"AWS::NoValue"}
    for name, body in {**found.resources, **found.outputs}.items():
        variables = _variables_of_subs(body)
        assert set(template.references(body)) - variables <= there, name
        assert set(listed(body.get("DependsOn", []))) <= set(found.resources), name


def _variables_of_subs(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _variables_of_subs(item)}
    if not isinstance(value, dict):
        return set()
    own = set(value["Fn::Sub"][1]) if isinstance(value.get("Fn::Sub"), list) else set()
    return own | {name for inner in value.values() for name in _variables_of_subs(inner)}


@each_variant
def test_state_machines_may_do_what_their_definition_calls_and_no_more(found: Variant) -> None:
    for name, machine in found.of_type("StepFunctions::StateMachine").items():
        role = next(targets(machine["RoleArn"]))
        allowed = {
            (action, target)
            for statement in statements(found, role)
            if statement["Sid"] not in UNSCOPED
            for action in listed(statement["Action"])
            for target in targets(statement["Resource"])
        }
        assert allowed == _called(found, machine), name


def _called(found: Variant, machine: dict[str, Any]) -> set[tuple[str, str]]:
    """Read from the definition what it calls, as pairs of action and logical id."""
    definition = _definition(found, machine)
    substitutions = machine["DefinitionSubstitutions"]

    def meant(placeholder: str) -> list[str]:
        value = substitutions[placeholder]
        return [] if value == "none" else list(targets(value))

    functions = set(re.findall(r'"FunctionName": "\$\{(\w+)\}"', definition))
    called = {("lambda:InvokeFunction", target) for name in functions for target in meant(name)}
    if "sns:publish" in definition:
        called |= {("sns:Publish", target) for target in meant("ResultsTopicArn")}
    if "sfn:startSyncExecution" in definition:
        called |= {("states:StartSyncExecution", target) for target in meant("ChildStateMachineArn")}
    if "states:startExecution.sync:2" in definition:
        (child,) = meant("ChildStateMachineArn")
        rule = f"arn:{{}}:events:{{}}:{{}}:rule/{MANAGED_RULE}"
        called |= {("states:StartExecution", child)}
        called |= {(f"states:{action}", child) for action in ("DescribeExecution", "StopExecution")}
        called |= {
            (f"events:{action}", _managed_rule(rule)) for action in ("DescribeRule", "PutRule", "PutTargets")
        }
    return called


MANAGED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


def _managed_rule(pattern: str) -> str:
    text = pattern.format("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
    return str({"Fn::Sub": text})


def _definition(found: Variant, machine: dict[str, Any]) -> str:
    """Return the text of the definition that the template names; every placeholder in it is substituted."""
    key = machine["DefinitionS3Location"]["Key"]["Fn::Sub"]
    text, given = key if isinstance(key, list) else (key, {})
    for name, value in {**found.values, **given}.items():
        text = text.replace(f"${{{name}}}", str(value))
    path = pipeline_files.folder() / "statemachines" / str(text).rpartition("/")[2]
    definition: str = path.read_text()
    assert set(re.findall(r"\$\{(\w+)\}", definition)) <= set(machine["DefinitionSubstitutions"])
    return definition


@pytest.mark.parametrize("found", [one for one in variants() if "ParentRole" in one.resources], ids=str)
def test_a_parent_with_a_child_starts_no_other_machine(found: Variant) -> None:
    started = {
        target
        for statement in statements(found, "ParentRole")
        for target in targets(statement["Resource"])
        if "states:StartExecution" in listed(statement["Action"])
        or "states:StartSyncExecution" in listed(statement["Action"])
    }
    assert started == ({"ChildStateMachine"} if "ChildStateMachine" in found.resources else set())


@each_variant
def test_one_role_of_a_route_writes_to_the_destination(found: Variant) -> None:
    writers = {
        name
        for name, role in found.of_type("IAM::Role").items()
        if {"Ref": "CopyPolicy"} in role.get("ManagedPolicyArns", [])
    }
    assert writers == set(targets(found.outputs["CopyingRole"]["Value"]))


@each_variant
def test_what_copies_can_take_back_and_so_can_the_quarantine(found: Variant) -> None:
    takers = {
        name
        for name, role in found.of_type("IAM::Role").items()
        if {"Ref": "WithdrawPolicy"} in role.get("ManagedPolicyArns", [])
    }
    assert takers == {*targets(found.outputs["CopyingRole"]["Value"]), "QuarantineRole"}


@each_variant
def test_writing_to_the_destination_is_bound_to_its_account(found: Variant) -> None:
    (policy,) = (found.resources["CopyPolicy"]["Properties"]["PolicyDocument"],)
    (write,) = (statement for statement in policy["Statement"] if statement["Sid"] == "WriteDestination")
    other = found.chosen.get("DestinationAccountId")
    account = {"Ref": "DestinationAccountId" if other else "AWS::AccountId"}
    assert write["Condition"] == {"StringEquals": {"aws:ResourceAccount": account}}


def test_the_destination_account_allows_what_the_pipeline_does() -> None:
    granted = template.load(pipeline_files.folder() / "destination-account.yaml")["Resources"]
    bucket_policy = granted["DestinationBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = {
        action for one in bucket_policy if one["Effect"] == "Allow" for action in listed(one["Action"])
    }
    found = variant(
        {"Route": "nested", "ExistingDestinationBucket": "elsewhere", "DestinationAccountId": "444455556666"}
    )
    needed = {
        action
        for statement in statements(found, "UploadRole")
        if "ExistingDestinationBucket" in json.dumps(statement["Resource"])
        for action in listed(statement["Action"])
    }
    assert allowed == needed


def test_the_destination_account_lets_in_named_roles_alone() -> None:
    granted = template.load(pipeline_files.folder() / "destination-account.yaml")["Resources"]
    for statement in granted["DestinationBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow":
            assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": {"Ref": "CopyingRoleArns"}}}
