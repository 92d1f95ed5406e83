"""A function's resource policy, as AWS asks it."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from harness.exceptions import AwsError, IdentityProviderError
from harness.sftp.policies.variables import Server
from harness.sftp.providers.permission import KEPT_S, InvokePermission

pytestmark = pytest.mark.unit

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:login"
SERVER = Server("s-0123456789abcdef0", "us-east-1", "000000000000")
ARN = "arn:aws:transfer:us-east-1:000000000000:server/s-0123456789abcdef0"


class Functions:
    """Lambda's `GetPolicy`."""

    def __init__(self, policy: dict[str, Any] | str | None) -> None:
        self.policy = policy
        self.calls = 0

    def get_policy(self, **_: str) -> dict[str, str]:
        self.calls += 1
        if self.policy is None or self.policy == "ServiceException":
            code = self.policy or "ResourceNotFoundException"
            raise botocore.exceptions.ClientError({"Error": {"Code": str(code)}}, "GetPolicy")
        return {"Policy": json.dumps(self.policy)}


def _statement(**changes: Any) -> dict[str, Any]:
    statement = {
        "Sid": "transfer",
        "Effect": "Allow",
        "Principal": {"Service": "transfer.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": {"ArnLike": {"AWS:SourceArn": ARN}},
    }
    return {name: value for name, value in {**statement, **changes}.items() if value is not None}


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": list(statements)}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Condition": None},
        {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:transfer:us-east-1:000000000000:server/*"}}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "000000000000"}}},
        {"Action": "lambda:*"},
    ],
)
def test_policies_that_let_transfer_in(changes: dict[str, Any]) -> None:
    InvokePermission(Functions(_policy(_statement(**changes))), FUNCTION, SERVER).require()


@pytest.mark.parametrize(
    "policy",
    [
        None,
        _policy(_statement(Principal={"Service": "apigateway.amazonaws.com"})),
        _policy(_statement(Action="lambda:GetFunction")),
        _policy(_statement(Resource=FUNCTION + "-other")),
        _policy(_statement(Condition={"ArnLike": {"AWS:SourceArn": ARN[:-1] + "1"}})),
        _policy(_statement(Condition={"StringEquals": {"AWS:SourceAccount": "111111111111"}})),
        _policy(_statement(), _statement(Sid="no", Effect="Deny", Condition=None)),
    ],
)
def test_policies_that_do_not(policy: dict[str, Any] | None) -> None:
    with pytest.raises(IdentityProviderError, match="does not let") as info:
        InvokePermission(Functions(policy), FUNCTION, SERVER).require()
    assert info.value.hint is not None
    assert ARN in info.value.hint


def test_an_engine_that_does_not_tell_is_no_permission() -> None:
    with pytest.raises(AwsError):
        InvokePermission(Functions("ServiceException"), FUNCTION, SERVER).require()


def test_a_permission_is_kept_for_a_while_and_a_refusal_is_not() -> None:
    now = [0.0]
    functions = Functions(None)
    permission = InvokePermission(functions, FUNCTION, SERVER, now=lambda: now[0])
    for _ in range(2):
        with pytest.raises(IdentityProviderError):
            permission.require()
    functions.policy = _policy(_statement())
    for _ in range(5):
        permission.require()
    assert functions.calls == 3
    now[0] += KEPT_S
    functions.policy = None
    with pytest.raises(IdentityProviderError):
        permission.require()
