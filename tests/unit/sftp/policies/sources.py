"""IAM in memory."""

from __future__ import annotations

import json
from typing import Any

from harness.sftp.policies.errors import NoSuchRoleError
from harness.sftp.policies.roles import RoleDocuments

ROLE_ARN = "arn:aws:iam::000000000000:role/transfer"
ROLE_ID = "AROAEXAMPLE"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "transfer.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ALL_OF_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


def role(
    *policies: dict[str, Any] | str,
    trust: dict[str, Any] | None = None,
    boundary: dict[str, Any] | None = None,
) -> RoleDocuments:
    """Return a role called `transfer` with inline policies."""
    texts = [policy if isinstance(policy, str) else json.dumps(policy) for policy in policies]
    return RoleDocuments(
        arn=ROLE_ARN,
        role_id=ROLE_ID,
        trust=json.dumps(trust or TRUST),
        policies={f"policy-{number}": text for number, text in enumerate(texts)},
        boundary=json.dumps(boundary) if boundary else None,
    )


class MemorySource:
    """Roles by name, bucket policies by bucket; counts what is asked."""

    def __init__(self, roles: dict[str, RoleDocuments], buckets: dict[str, str] | None = None) -> None:
        self.roles = roles
        self.buckets = buckets or {}
        self.asked: list[str] = []

    def role(self, name: str) -> RoleDocuments:
        self.asked.append(name)
        if name not in self.roles:
            raise NoSuchRoleError(f"the role {name} does not exist")
        return self.roles[name]

    def bucket_policy(self, bucket: str) -> str | None:
        self.asked.append(bucket)
        return self.buckets.get(bucket)
