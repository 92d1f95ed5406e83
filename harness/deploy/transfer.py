"""Servers and users of Transfer Family that the harness stands in for: what they are called is decided before
they exist, so that roles, log groups and permissions can refer to them as on AWS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-transfer-server.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-transfer-user.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

SERVER = "AWS::Transfer::Server"
USER = "AWS::Transfer::User"
TYPES = frozenset({SERVER, USER})
_ARN = "arn:${AWS::Partition}:transfer:${AWS::Region}:${AWS::AccountId}"


def server_id(stack_name: str, logical_id: str = "SftpServer") -> str:
    """Return the id of a server: the same whenever a stack of that name is brought up."""
    return "s-" + hashlib.sha256(f"{stack_name}/{logical_id}".encode()).hexdigest()[:17]


def value(stack_name: str, logical_id: str, resource: Mapping[str, Any], attribute: str | None) -> Any | None:
    """Return what `Ref` (no attribute) or `GetAtt` gives, as a piece of template; None: nothing is known."""
    properties = resource.get("Properties", {})
    if resource["Type"] == SERVER:
        known = server_id(stack_name, logical_id)
        arn = {"Fn::Sub": f"{_ARN}:server/{known}"}
        return {None: arn, "Arn": arn, "ServerId": known, "State": "ONLINE"}.get(attribute)
    given = {"Server": properties.get("ServerId", ""), "Name": properties.get("UserName", logical_id)}
    arn_of_user = {"Fn::Sub": [f"{_ARN}:user/${{Server}}/${{Name}}", given]}
    of_user = {"Arn": arn_of_user, "ServerId": given["Server"], "UserName": given["Name"]}
    return of_user.get(attribute or "UserName")
