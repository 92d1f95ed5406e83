"""Who may log in, and with what home: the types that every identity provider speaks.

Free of the SSH connection: FTPS and FTP log in by the same types, with a password only. What a provider
answers is checked by `authentication`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

import asyncssh

if TYPE_CHECKING:
    from harness.sftp.config import UserConfig

_LOGIN_NAME = re.compile(r"[\w][\w@.-]{2,99}", re.ASCII)
_USER_NAME_VARIABLE = re.compile(r"\$\{transfer:UserName\}", re.IGNORECASE)

LoginProtocol = Literal["SFTP", "FTPS", "FTP"]
HomeDirectoryType = Literal["PATH", "LOGICAL"]


class AuthenticationMethods(StrEnum):
    """`SftpAuthenticationMethods`, by its names in the Transfer API:
    https://docs.aws.amazon.com/transfer/latest/APIReference/API_IdentityProviderDetails.html
    """

    PASSWORD = "PASSWORD"  # noqa: S105  (a method, not a secret)
    PUBLIC_KEY = "PUBLIC_KEY"
    PUBLIC_KEY_OR_PASSWORD = "PUBLIC_KEY_OR_PASSWORD"  # noqa: S105
    PUBLIC_KEY_AND_PASSWORD = "PUBLIC_KEY_AND_PASSWORD"  # noqa: S105


@dataclass(frozen=True)
class Mapping:
    """Client path `entry` shows what is under `bucket`/`prefix`; `prefix` has no slash at either end.

    With `type` FILE, `bucket`/`prefix` is one object.
    """

    entry: str
    bucket: str
    prefix: str
    type: Literal["DIRECTORY", "FILE"] = "DIRECTORY"


@dataclass(frozen=True)
class User:
    """One login."""

    name: str
    role_arn: str
    public_keys: frozenset[bytes] = frozenset()
    """SSH wire format."""
    home_directory_type: HomeDirectoryType = "PATH"
    home_directory: str = ""
    """PATH: `/bucket/prefix`; LOGICAL: the `Entry` path that the client begins in."""
    mappings: tuple[Mapping, ...] = ()
    policy: str | None = None
    """Session policy, JSON text as it was given; variables are not substituted yet."""


@dataclass(frozen=True)
class LoginAttempt:
    """What a client shows of itself: a key, the first that it tries (asked before its signature), or a
    password.
    """

    user_name: str
    source_ip: str
    protocol: LoginProtocol = "SFTP"
    public_key: asyncssh.SSHKey | None = None
    password: str | None = field(default=None, repr=False)


class IdentityProvider(Protocol):
    """Where users come from."""

    @property
    def methods(self) -> AuthenticationMethods:
        """How users of this server log in over SFTP. Asked for each connection: a server can be updated."""

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        """Return the user, or `None` when there is no such login.

        For a key, the answer is the user with all their keys: the caller looks whether the key is among them.
        For a password, the answer is the user only if the password is right.

        :raises IdentityProviderError: no answer, or one that breaks the contract
        """


class ConfiguredUsers:
    """Users from the configuration file; they have keys only."""

    methods = AuthenticationMethods.PUBLIC_KEY

    def __init__(self, users: Iterable[UserConfig]) -> None:
        self._users = {user.name: _to_user(user) for user in users}

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        return self._users.get(attempt.user_name)


def is_login_name(name: str) -> bool:
    """Tell whether Transfer Family would ever let this name in: names of 1 or 2 characters and `root` are
    always refused (https://docs.aws.amazon.com/transfer/latest/userguide/create-user.html).
    """
    return bool(_LOGIN_NAME.fullmatch(name)) and name != "root"


def to_mapping(entry: str, target: str, user_name: str, kind: str = "DIRECTORY") -> Mapping:
    """Return what `Entry` and `Target` mean for this user: `${transfer:UserName}` is filled in.

    AWS writes the variable with a small and with a capital T; both are taken.
    """
    filled = _USER_NAME_VARIABLE.sub(lambda _: user_name, target)
    bucket, _, prefix = filled[1:].partition("/")
    return Mapping(entry, bucket, prefix, "FILE" if kind == "FILE" else "DIRECTORY")


def _to_user(config: UserConfig) -> User:
    keys = (asyncssh.import_public_key(text).public_data for text in config.public_keys)
    mappings = (to_mapping(m.Entry, m.Target, config.name, m.Type) for m in config.home_directory_mappings)
    return User(
        name=config.name,
        role_arn=config.role_arn,
        public_keys=frozenset(keys),
        home_directory_type=config.home_directory_type,
        home_directory="/",
        mappings=tuple(mappings),
    )
