"""What IAM and S3 answer, and what becomes of it; botocore's stub stands in for the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from harness import aws
from harness.engines.base import EngineInfo
from harness.sftp.policies.errors import MalformedPolicyError, NoSuchRoleError, UnavailableError
from harness.sftp.policies.roles import EnginePolicies, read_bucket_policy, read_role, role_name
from tests.unit.sftp.policies.sources import ALL_OF_S3, ROLE_ARN, TRUST, MemorySource, role

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("none", "none", "0", "http://127.0.0.1:1")
POLICY_ARN = "arn:aws:iam::000000000000:policy/limits"
DATE = "2026-01-01T00:00:00Z"


class Stubbed(EnginePolicies):
    """Clients that answer what a test has lined up."""

    def __init__(self) -> None:
        super().__init__(ENGINE)
        self.iam, self.s3 = aws.client("iam", ENGINE), aws.client("s3", ENGINE)
        self.iam_answers, self.s3_answers = Stubber(self.iam), Stubber(self.s3)

    @property
    def _iam(self) -> Any:
        return self.iam

    @property
    def _s3(self) -> Any:
        return self.s3


class Unreachable(Stubbed):
    @property
    def _iam(self) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    _s3 = _iam


@pytest.fixture
def stubbed() -> Iterator[Stubbed]:
    made = Stubbed()
    with made.iam_answers, made.s3_answers:
        yield made


def role_answer(**more: Any) -> dict[str, Any]:
    described = {
        "Path": "/",
        "RoleName": "transfer",
        "RoleId": "AROAEXAMPLEEXAMPLE",
        "Arn": ROLE_ARN,
        "CreateDate": DATE,
        "AssumeRolePolicyDocument": json.dumps(TRUST),
    }
    return {"Role": {**described, **more}}


def line_up_managed(stubbed: Stubbed) -> None:
    answers = stubbed.iam_answers
    answers.add_response("get_policy", {"Policy": {"Arn": POLICY_ARN, "DefaultVersionId": "v3"}})
    version = {"PolicyVersion": {"Document": json.dumps(ALL_OF_S3), "VersionId": "v3"}}
    answers.add_response("get_policy_version", version, {"PolicyArn": POLICY_ARN, "VersionId": "v3"})


def test_a_role_is_read_with_all_its_policies(stubbed: Stubbed) -> None:
    answers = stubbed.iam_answers
    boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": POLICY_ARN}
    answers.add_response("get_role", role_answer(PermissionsBoundary=boundary), {"RoleName": "transfer"})
    answers.add_response("list_role_policies", {"PolicyNames": ["one"], "IsTruncated": True, "Marker": "m"})
    answers.add_response("list_role_policies", {"PolicyNames": ["two"], "IsTruncated": False})
    for name in ("one", "two"):
        document = {"RoleName": "transfer", "PolicyName": name, "PolicyDocument": json.dumps(ALL_OF_S3)}
        answers.add_response("get_role_policy", document)
    attached = {"AttachedPolicies": [{"PolicyName": "limits", "PolicyArn": POLICY_ARN}]}
    answers.add_response("list_attached_role_policies", attached)
    line_up_managed(stubbed)
    line_up_managed(stubbed)
    found = read_role(stubbed, ROLE_ARN)
    assert (found.role_id, len(found.policies)) == ("AROAEXAMPLEEXAMPLE", 3)
    assert found.boundary is not None
    answers.assert_no_pending_responses()


def test_a_role_that_iam_does_not_have(stubbed: Stubbed) -> None:
    stubbed.iam_answers.add_client_error("get_role", "NoSuchEntity", http_status_code=404)
    with pytest.raises(NoSuchRoleError, match="transfer does not exist"):
        read_role(stubbed, ROLE_ARN)


@pytest.mark.parametrize("code", ["Throttling", "ServiceFailure", "AccessDenied"])
def test_an_iam_that_refuses_says_nothing_about_the_role(stubbed: Stubbed, code: str) -> None:
    stubbed.iam_answers.add_client_error("get_role", code)
    with pytest.raises(UnavailableError):
        read_role(stubbed, ROLE_ARN)


def test_an_engine_that_is_gone() -> None:
    with pytest.raises(UnavailableError):
        read_role(Unreachable(), ROLE_ARN)
    with pytest.raises(UnavailableError):
        read_bucket_policy(Unreachable(), "bucket")


@pytest.mark.parametrize("code", ["NoSuchBucketPolicy", "NoSuchBucket"])
def test_a_bucket_without_a_policy(stubbed: Stubbed, code: str) -> None:
    stubbed.s3_answers.add_client_error("get_bucket_policy", code)
    assert read_bucket_policy(stubbed, "bucket") is None


def test_a_bucket_policy_that_cannot_be_read(stubbed: Stubbed) -> None:
    stubbed.s3_answers.add_client_error("get_bucket_policy", "SlowDown")
    with pytest.raises(UnavailableError):
        read_bucket_policy(stubbed, "bucket")


def test_a_policy_that_is_not_valid_is_named() -> None:
    with pytest.raises(MalformedPolicyError, match="the policy policy-0 is not valid"):
        read_role(MemorySource({"transfer": role("{}")}), ROLE_ARN)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "transfer",
        "arn:aws:iam::1:role/transfer",
        "arn:aws:iam::000000000000:user/a",
        f"{ROLE_ARN}/",
        f"{ROLE_ARN}\n",
    ],
)
def test_what_is_no_arn_of_a_role(arn: str) -> None:
    with pytest.raises(NoSuchRoleError):
        role_name(arn)


def test_the_name_is_behind_the_path() -> None:
    found = role_name("arn:aws-cn:iam::123456789012:role/a/b/transfer")
    assert (found.partition, found.account_id, found.name) == ("aws-cn", "123456789012", "transfer")
