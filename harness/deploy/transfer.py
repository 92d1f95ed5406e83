"""Servers, users and workflows of Transfer Family that the harness stands in for: what they are called is
decided before they exist, so that roles, log groups and permissions can refer to them as on AWS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-transfer-server.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-transfer-user.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-transfer-workflow.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

SERVER = "AWS::Transfer::Server"
USER = "AWS::Transfer::User"
WORKFLOW = "AWS::Transfer::Workflow"
TYPES = frozenset({SERVER, USER, WORKFLOW})
_ARN = "arn:${AWS::Partition}:transfer:${AWS::Region}:${AWS::AccountId}"


def server_id(stack_name: str, logical_id: str = "SftpServer") -> str:
    """Return the id of a server: the same whenever a stack of that name is brought up."""
    return f"s-{_digits(stack_name, logical_id)}"


def workflow_id(stack_name: str, logical_id: str) -> str:
    """Return the id of a workflow, in the same way."""
    return f"w-{_digits(stack_name, logical_id)}"


def value(stack_name: str, logical_id: str, resource: Mapping[str, Any], attribute: str | None) -> Any | None:
    """Return what `Ref` (no attribute) or `GetAtt` gives, as a piece of template; None: nothing is known."""
    properties = resource.get("Properties", {})
    if resource["Type"] == SERVER:
        known = server_id(stack_name, logical_id)
        arn = {"Fn::Sub": f"{_ARN}:server/{known}"}
        return {None: arn, "Arn": arn, "ServerId": known, "State": "ONLINE"}.get(attribute)
    if resource["Type"] == WORKFLOW:
        known = workflow_id(stack_name, logical_id)
        arn = {"Fn::Sub": f"{_ARN}:workflow/{known}"}
        return {None: known, "WorkflowId": known, "Arn": arn}.get(attribute)
    given = {"Server": properties.get("ServerId", ""), "Name": properties.get("UserName", logical_id)}
    arn_of_user = {"Fn::Sub": [f"{_ARN}:user/${{Server}}/${{Name}}", given]}
    of_user = {"Arn": arn_of_user, "ServerId": given["Server"], "UserName": given["Name"]}
    return of_user.get(attribute or "UserName")


def _digits(stack_name: str, logical_id: str) -> str:
    return hashlib.sha256(f"{stack_name}/{logical_id}".encode()).hexdigest()[:17]
