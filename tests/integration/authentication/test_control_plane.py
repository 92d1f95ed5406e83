"""From boto3's `create_server` to OpenSSH's login: users and providers of the real control plane."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.authentication.clients import openssh
from tests.integration.authentication.conftest import Key
from tests.integration.authentication.functions import create_function
from tests.integration.sftp.front_end import until
from tests.integration.transfer.supervisor.rig import ROLE, Transfer

pytestmark = pytest.mark.integration

PASSWORD = "open sesame"


@dataclass(frozen=True)
class Door:
    """Where clients find a server."""

    folder: Path
    port: int
    known_hosts: Path


@pytest.fixture(scope="module")
def transfer(localstack: EngineInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transfer]:
    running = Transfer(tmp_path_factory.mktemp("transfer"), localstack, "bucket")
    try:
        yield running.start()
    finally:
        running.end()


def _door(transfer: Transfer, server_id: str, folder: Path) -> Door:
    port = transfer.port(server_id)
    scanned = subprocess.run(
        ["ssh-keyscan", "-p", str(port), "127.0.0.1"], capture_output=True, text=True, timeout=30, check=True
    )
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(scanned.stdout)
    return Door(folder, port, known_hosts)


@pytest.fixture(scope="module")
def managed(transfer: Transfer) -> str:
    return transfer.create_server()


def test_users_and_keys_that_are_added_get_in_at_once_and_removed_ones_do_not(
    transfer: Transfer, managed: str, key: Key, other_key: Key, tmp_path: Path
) -> None:
    door, api = _door(transfer, managed, tmp_path), transfer.api
    assert openssh(door, "carol", key_file=key.file).returncode == 255
    api.create_user(
        ServerId=managed,
        UserName="carol",
        Role=ROLE,
        HomeDirectory="/bucket/carol",
        SshPublicKeyBody=key.line,
    )
    assert "/bucket/carol" in openssh(door, "carol", key_file=key.file).stdout
    assert openssh(door, "carol", key_file=other_key.file).returncode == 255
    added = api.import_ssh_public_key(ServerId=managed, UserName="carol", SshPublicKeyBody=other_key.line)
    assert openssh(door, "carol", key_file=other_key.file).returncode == 0
    api.delete_ssh_public_key(ServerId=managed, UserName="carol", SshPublicKeyId=added["SshPublicKeyId"])
    assert openssh(door, "carol", key_file=other_key.file).returncode == 255
    api.delete_user(ServerId=managed, UserName="carol")
    assert openssh(door, "carol", key_file=key.file).returncode == 255


def test_fifty_keys_of_one_user_and_no_more(transfer: Transfer, managed: str, tmp_path: Path) -> None:
    door, api = _door(transfer, managed, tmp_path), transfer.api
    api.create_user(ServerId=managed, UserName="dave", Role=ROLE, HomeDirectory="/bucket/dave")
    keys = [Key(tmp_path) for _ in range(51)]
    for key in keys[:50]:
        api.import_ssh_public_key(ServerId=managed, UserName="dave", SshPublicKeyBody=key.line)
    with pytest.raises(api.exceptions.ClientError):
        api.import_ssh_public_key(ServerId=managed, UserName="dave", SshPublicKeyBody=keys[50].line)
    for key, code in [(keys[0], 0), (keys[49], 0), (keys[50], 255)]:
        assert openssh(door, "dave", key_file=key.file).returncode == code


@pytest.mark.parametrize("name", ["ab", "root"])
def test_names_that_never_log_in(
    transfer: Transfer, managed: str, key: Key, name: str, tmp_path: Path
) -> None:
    with pytest.raises((ClientError, ParamValidationError)):
        transfer.api.create_user(ServerId=managed, UserName=name, Role=ROLE, SshPublicKeyBody=key.line)
    assert openssh(_door(transfer, managed, tmp_path), name, key_file=key.file).returncode == 255


@pytest.mark.parametrize("kind", ["ssh-dss", "ssh-rsa"])
def test_weak_keys_are_not_taken(transfer: Transfer, managed: str, kind: str) -> None:
    weak = asyncssh.generate_private_key(kind, **({"key_size": 1024} if kind == "ssh-rsa" else {}))  # type: ignore[arg-type]
    with pytest.raises(transfer.api.exceptions.InvalidRequestException):
        transfer.api.create_user(
            ServerId=managed,
            UserName=f"weak-{kind}",
            Role=ROLE,
            SshPublicKeyBody=weak.export_public_key().decode().strip(),
        )


@pytest.fixture(scope="module")
def by_function(transfer: Transfer, localstack: EngineInfo, key: Key) -> str:
    """A server that asks a function, which lets it in."""
    client = aws.client("lambda", localstack)
    arn = create_function(
        client,
        "identity-of-control-plane",
        Path(__file__).with_name("answers_in_lambda.py"),
        environment={"PUBLIC_KEY": key.line},
    )
    server_id = transfer.create_server(
        IdentityProviderType="AWS_LAMBDA",
        IdentityProviderDetails={"Function": arn, "SftpAuthenticationMethods": "PUBLIC_KEY_AND_PASSWORD"},
    )
    client.add_permission(
        FunctionName=arn,
        StatementId="this-server",
        Action="lambda:InvokeFunction",
        Principal="transfer.amazonaws.com",
        SourceArn=transfer.api.describe_server(ServerId=server_id)["Server"]["Arn"],
    )
    return server_id


def test_a_server_that_asks_a_function(
    transfer: Transfer, by_function: str, key: Key, tmp_path: Path
) -> None:
    door = _door(transfer, by_function, tmp_path)
    assert openssh(door, "alice", key_file=key.file).returncode == 255
    assert openssh(door, "alice", key_file=key.file, password=PASSWORD).returncode == 0
    assert openssh(door, "alice", key_file=key.file, password="wrong").returncode == 255


@pytest.mark.parametrize(("name", "is_let_in"), [("alice", True), ("no-role", False), ("root", False)])
def test_test_identity_provider(transfer: Transfer, by_function: str, name: str, is_let_in: bool) -> None:
    answer = transfer.api.test_identity_provider(
        ServerId=by_function,
        UserName=name,
        UserPassword=PASSWORD,
        ServerProtocol="SFTP",
        SourceIp="192.0.2.7",
    )
    assert (answer["StatusCode"], answer["Message"]) == (200, "")
    response = json.loads(answer["Response"])
    assert response.get("Role") == ("arn:aws:iam::000000000000:role/transfer" if is_let_in else None)


def test_methods_that_are_changed_are_offered_to_new_connections(
    transfer: Transfer, by_function: str, tmp_path: Path
) -> None:
    details = transfer.api.describe_server(ServerId=by_function)["Server"]["IdentityProviderDetails"]
    changed = {**details, "SftpAuthenticationMethods": "PASSWORD"}
    transfer.api.update_server(ServerId=by_function, IdentityProviderDetails=changed)
    door = _door(transfer, by_function, tmp_path)
    until(
        "only passwords are offered",
        lambda: "Permission denied (password)" in openssh(door, "alice").stderr,
    )
    assert openssh(door, "alice", password=PASSWORD).returncode == 0
