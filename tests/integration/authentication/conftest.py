"""One server for the whole folder; each test gives it an identity provider of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncssh
import paramiko
import pytest

from harness.sftp.identity import Mapping, User
from tests.integration.authentication.running_server import RunningServer

HOME = (Mapping("/", "bucket", "alice"),)
NOBODY = {"identity_provider_type": "AWS_LAMBDA", "identity_provider_details": {"Function": "arn:none"}}


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server"), NOBODY) as running:
        yield running


@pytest.fixture(autouse=True)
def no_old_lines(request: pytest.FixtureRequest) -> None:
    if "server" in request.fixturenames:
        request.getfixturevalue("server").lines.clear()


class Key:
    """A key pair in a file."""

    def __init__(self, folder: Path, kind: str = "ssh-ed25519", **options: int) -> None:
        self.private = asyncssh.generate_private_key(kind, **options)  # type: ignore[arg-type]
        self.file = folder / f"{kind}-{self.private.get_fingerprint()[7:15].replace('/', '_')}"
        self.file.touch(mode=0o600)
        self.file.write_bytes(self.private.export_private_key("openssh"))
        self.wire = self.private.public_data
        self.line = self.private.export_public_key().decode().strip()

    def for_paramiko(self) -> paramiko.PKey:
        return paramiko.PKey.from_path(self.file)


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key(tmp_path_factory.mktemp("keys"))


def user(name: str, *keys: Key, role: str = "arn:aws:iam::000000000000:role/transfer") -> User:
    return User(
        name,
        role,
        frozenset(key.wire for key in keys),
        home_directory_type="LOGICAL",
        home_directory="/",
        mappings=HOME,
    )
