"""May this user do this to that object? One question, asked before every call to S3.

Each session has its own `Authorisation`, made by the server's `Authoriser`: `policies.authoriser` asks IAM,
`MappedAuthoriser` stands in where there is none to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from harness.sftp.identity import User


class Action(StrEnum):
    """The S3 actions that SFTP operations need, by their IAM names."""

    LIST = "s3:ListBucket"
    GET = "s3:GetObject"
    PUT = "s3:PutObject"
    DELETE = "s3:DeleteObject"


class AccessDeniedError(Exception):
    """The user's policies do not allow the operation, or cannot be read. The text is for the log: the client
    is told no reason.
    """

    def __init__(self, message: str = "Access denied") -> None:
        super().__init__(message)


class PoliciesUnavailableError(Exception):
    """The policies cannot be read now; nothing is said about what they allow. The text is for the log."""


class Authorisation(Protocol):
    """What one session may do. Asked for every request, so the answer must come from memory once the user's
    policies have been read.
    """

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None:
        """Return when the session may do it.

        :param key: empty for actions on the bucket, such as `s3:ListBucket`
        :param prefix: condition key `s3:prefix` of a listing, as S3 would be sent it
        :param delimiter: condition key `s3:delimiter`
        :raises AccessDeniedError: it may not
        :raises PoliciesUnavailableError: not known now
        """


class Authoriser(Protocol):
    """Makes the `Authorisation` of a new session; does not wait for anything."""

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation: ...


class MappedAuthoriser:
    """Allows what the user's home or mappings reach (`"authorisation": "mapped"`): for an engine that has no
    IAM, or none that can be trusted.
    """

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:  # noqa: ARG002
        return _Mapped(user)


@dataclass(frozen=True)
class _Mapped:
    user: User

    async def require(
        self,
        action: str,  # noqa: ARG002
        bucket: str,
        key: str,
        *,
        prefix: str | None = None,
        delimiter: str | None = None,  # noqa: ARG002
    ) -> None:
        asked = key or prefix or ""
        if not any(_covers(*place, bucket, asked) for place in _places(self.user)):
            raise AccessDeniedError


def _places(user: User) -> list[tuple[str, str]]:
    """Return bucket and prefix of what the user may reach."""
    if user.home_directory_type == "PATH":
        bucket, _, prefix = user.home_directory.strip("/").partition("/")
        return [(bucket, prefix)]
    return [(mapping.bucket, mapping.prefix) for mapping in user.mappings]


def _covers(mapped_bucket: str, mapped_prefix: str, bucket: str, key: str) -> bool:
    if bucket != mapped_bucket:
        return False
    return not mapped_prefix or key == mapped_prefix or key.startswith(f"{mapped_prefix}/")
