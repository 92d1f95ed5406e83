"""What IAM holds of a role and S3 of a bucket, read and compiled. Everything here blocks."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from botocore.config import Config

from harness import aws
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.sftp.policies.document import Policy, PolicyType, parse
from harness.sftp.policies.errors import MalformedPolicyError, NoSuchRoleError, UnavailableError

_ROLE_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):role/(?:[!-~]*/)?(?P<name>[A-Za-z0-9_+=,.@-]+)"
)
_CALLS = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 2})


@dataclass(frozen=True)
class RoleName:
    """The parts of a role's ARN."""

    arn: str
    partition: str
    account_id: str
    name: str


@dataclass(frozen=True)
class RoleDocuments:
    """A role as IAM has it; policies by the name that an error should tell."""

    arn: str
    role_id: str
    trust: str
    policies: dict[str, str]
    boundary: str | None = None


@dataclass(frozen=True)
class Role:
    """A role, compiled."""

    role_id: str
    trust: Policy
    policies: tuple[Policy, ...]
    boundary: Policy | None


class PolicySource(Protocol):
    """Where policies are. Methods block."""

    def role(self, name: str) -> RoleDocuments:
        """:raises NoSuchRoleError: there is none of that name
        :raises UnavailableError: no answer
        """

    def bucket_policy(self, bucket: str) -> str | None:
        """Return nothing for a bucket without one, and for one that does not exist.

        :raises UnavailableError: no answer
        """


def role_name(arn: str) -> RoleName:
    """:raises NoSuchRoleError: not the ARN of a role"""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise NoSuchRoleError(f"{arn!r} is not the ARN of a role")
    return RoleName(arn, match["partition"], match["account"], match["name"])


def read_role(source: PolicySource, arn: str) -> Role:
    """Read and compile a role with all of its policies.

    :raises PolicyError: there is no such role, a policy of it is not valid, or IAM does not answer
    """
    found = source.role(role_name(arn).name)
    if found.arn != arn:
        raise NoSuchRoleError(f"the role {arn} does not exist; there is {found.arn}")
    policies = tuple(_compiled(f"policy {name}", text) for name, text in found.policies.items())
    boundary = _compiled("permissions boundary", found.boundary) if found.boundary else None
    return Role(found.role_id, _compiled("trust policy", found.trust, PolicyType.TRUST), policies, boundary)


def read_bucket_policy(source: PolicySource, bucket: str) -> Policy | None:
    """:raises PolicyError: the policy is not valid, or S3 does not answer"""
    text = source.bucket_policy(bucket)
    return None if text is None else _compiled(f"policy of bucket {bucket}", text, PolicyType.BUCKET)


def _compiled(what: str, text: str, policy_type: PolicyType = PolicyType.IDENTITY) -> Policy:
    try:
        return parse(text, policy_type)
    except MalformedPolicyError as exc:
        raise MalformedPolicyError(f"the {what} is not valid: {exc}") from exc


class EnginePolicies:
    """Policies of a running engine, by its IAM and S3 APIs."""

    def __init__(self, engine: EngineInfo) -> None:
        self._engine = engine
        self._making = threading.Lock()

    @cached_property
    def _iam(self) -> Any:
        with self._making:
            return aws.client("iam", self._engine, config=_CALLS)

    @cached_property
    def _s3(self) -> Any:
        with self._making:
            return aws.client("s3", self._engine, config=_CALLS)

    def role(self, name: str) -> RoleDocuments:
        try:
            with aws.translated(f"reading the role {name}"):
                return self._role(name)
        except AwsError as exc:
            if exc.code == "NoSuchEntity":
                raise NoSuchRoleError(f"the role {name} does not exist") from exc
            raise UnavailableError(exc.message) from exc
        except StackLostError as exc:
            raise UnavailableError(exc.message) from exc

    def _role(self, name: str) -> RoleDocuments:
        role = self._iam.get_role(RoleName=name)["Role"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return RoleDocuments(
            arn=role["Arn"],
            role_id=role["RoleId"],
            trust=_text(role["AssumeRolePolicyDocument"]),
            policies={**self._inline(name), **self._attached(name)},
            boundary=self._managed(boundary) if boundary else None,
        )

    def _inline(self, name: str) -> dict[str, str]:
        pages = self._iam.get_paginator("list_role_policies").paginate(RoleName=name)
        names = [policy for page in pages for policy in page["PolicyNames"]]
        return {
            policy: _text(self._iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            for policy in names
        }

    def _attached(self, name: str) -> dict[str, str]:
        pages = self._iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        arns = [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]
        return {arn: self._managed(arn) for arn in arns}

    def _managed(self, arn: str) -> str:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return _text(found["PolicyVersion"]["Document"])

    def bucket_policy(self, bucket: str) -> str | None:
        try:
            with aws.translated(f"reading the policy of bucket {bucket}"):
                return str(self._s3.get_bucket_policy(Bucket=bucket)["Policy"])
        except AwsError as exc:
            if exc.code in ("NoSuchBucketPolicy", "NoSuchBucket"):
                return None
            raise UnavailableError(exc.message) from exc
        except StackLostError as exc:
            raise UnavailableError(exc.message) from exc


def _text(document: Any) -> str:
    """boto3 has parsed it where it is JSON."""
    return document if isinstance(document, str) else json.dumps(document)
