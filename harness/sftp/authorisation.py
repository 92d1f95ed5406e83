"""May this user do this to that object? One question, asked before every call to S3.

For now everything that the mapping reaches is allowed. Evaluation of the role's and the session's policy
takes the place of `AllowMapped`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from harness.sftp.identity import User


class Action(StrEnum):
    """The S3 actions that SFTP operations need, by their IAM names."""

    LIST = "s3:ListBucket"
    GET = "s3:GetObject"
    PUT = "s3:PutObject"
    DELETE = "s3:DeleteObject"


class Authoriser(Protocol):
    """Decides on one action. The answer must come from what is in memory: it is asked for every request."""

    def allows(self, user: User, action: Action, bucket: str, key: str) -> bool:
        """`key` is the prefix for `LIST`."""


class AllowMapped:
    """Allows what the user's mappings reach."""

    def allows(self, user: User, action: Action, bucket: str, key: str) -> bool:  # noqa: ARG002
        return any(_covers(mapping.bucket, mapping.prefix, bucket, key) for mapping in user.mappings)


def _covers(mapped_bucket: str, mapped_prefix: str, bucket: str, key: str) -> bool:
    if bucket != mapped_bucket:
        return False
    return not mapped_prefix or key == mapped_prefix or key.startswith(f"{mapped_prefix}/")
