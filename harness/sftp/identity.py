"""Who may log in, and with what home. The source of users is behind one protocol, so that other identity
providers (a Lambda function, an HTTP service, the Transfer API) can take its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import asyncssh

if TYPE_CHECKING:
    from harness.sftp.config import UserConfig

_LOGIN_NAME = re.compile(r"[\w][\w@.-]{2,99}", re.ASCII)
_USER_NAME_VARIABLE = re.compile(r"\$\{transfer:UserName\}", re.IGNORECASE)


@dataclass(frozen=True)
class Mapping:
    """Client path `entry` shows what is under `bucket`/`prefix`; `prefix` has no slash at either end."""

    entry: str
    bucket: str
    prefix: str


@dataclass(frozen=True)
class User:
    """One login. `public_keys` are the keys in SSH wire format."""

    name: str
    role_arn: str
    public_keys: frozenset[bytes]
    mappings: tuple[Mapping, ...]


class IdentityProvider(Protocol):
    """Where users come from."""

    async def find(self, name: str) -> User | None:
        """Return the user, or `None` for a name that cannot log in."""


class ConfiguredUsers:
    """Users from the configuration file."""

    def __init__(self, users: Iterable[UserConfig]) -> None:
        self._users = {user.name: _to_user(user) for user in users}

    async def find(self, name: str) -> User | None:
        return self._users.get(name)


def is_login_name(name: str) -> bool:
    """Tell whether Transfer Family would ever let this name in: names of 1 or 2 characters and `root` are
    always refused (https://docs.aws.amazon.com/transfer/latest/userguide/create-user.html).
    """
    return bool(_LOGIN_NAME.fullmatch(name)) and name != "root"


def _to_user(config: UserConfig) -> User:
    keys = (asyncssh.import_public_key(text).public_data for text in config.public_keys)
    mappings = (_to_mapping(m.Entry, m.Target, config.name) for m in config.home_directory_mappings)
    return User(config.name, config.role_arn, frozenset(keys), tuple(mappings))


def _to_mapping(entry: str, target: str, user_name: str) -> Mapping:
    filled = _USER_NAME_VARIABLE.sub(lambda _: user_name, target)
    bucket, _, prefix = filled[1:].partition("/")
    return Mapping(entry, bucket, prefix)
