"""Service-managed users, from the store's real file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from harness.exceptions import IdentityProviderError
from harness.sftp.identity import AuthenticationMethods, LoginAttempt, Mapping, User
from harness.sftp.providers.stored import StoreUsers
from harness.transfer import model
from harness.transfer.store import TransferStore

pytestmark = pytest.mark.unit

SERVER_ID = "s-0123456789abcdef0"
ROLE = "arn:aws:iam::000000000000:role/transfer"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TransferStore]:
    with TransferStore(tmp_path / "store.sqlite", writable=True) as made:
        made.put_server(model.Server(ServerId=SERVER_ID, Arn="arn"))
        yield made


@pytest.fixture
def users(store: TransferStore, tmp_path: Path) -> Iterator[StoreUsers]:
    """As a worker has them: the same file, read-only."""
    with TransferStore(tmp_path / "store.sqlite") as reading:
        yield StoreUsers(reading, SERVER_ID)


def _put(store: TransferStore, name: str, **fields: object) -> None:
    record = {"ServerId": SERVER_ID, "UserName": name, "Arn": "arn", "Role": ROLE, **fields}
    store.put_user(model.User.model_validate(record))


def _add_key(store: TransferStore, name: str, key: asyncssh.SSHKey, number: int = 0) -> None:
    body = key.export_public_key().decode().strip() + " comment"
    record = model.SshPublicKey(SshPublicKeyId=f"key-{number:017x}", SshPublicKeyBody=body, DateImported=0.0)
    store.add_ssh_public_key(SERVER_ID, name, record, key.public_data)


def _find(users: StoreUsers, name: str, password: str | None = None) -> User | None:
    return asyncio.run(users.authenticate(LoginAttempt(name, "192.0.2.7", password=password)))


def test_they_have_keys_only(users: StoreUsers, store: TransferStore) -> None:
    _put(store, "alice")
    assert users.methods is AuthenticationMethods.PUBLIC_KEY
    assert _find(users, "alice", password="anything") is None


def test_every_field_is_taken(users: StoreUsers, store: TransferStore) -> None:
    _put(
        store,
        "alice",
        HomeDirectoryType="LOGICAL",
        HomeDirectory="/in",
        HomeDirectoryMappings=[
            {"Entry": "/in", "Target": "/bucket/${transfer:UserName}/in"},
            {"Entry": "/note", "Target": "/bucket/note", "Type": "FILE"},
        ],
        Policy='{"Version": "2012-10-17"}',
    )
    assert _find(users, "alice") == User(
        "alice",
        ROLE,
        frozenset(),
        "LOGICAL",
        "/in",
        (Mapping("/in", "bucket", "alice/in"), Mapping("/note", "bucket", "note", "FILE")),
        '{"Version": "2012-10-17"}',
    )


def test_path_without_a_home_lands_on_the_root(users: StoreUsers, store: TransferStore) -> None:
    _put(store, "alice")
    user = _find(users, "alice")
    assert user is not None
    assert (user.home_directory_type, user.home_directory, user.policy) == ("PATH", "/", None)


def test_fifty_keys_and_changes_are_seen_at_the_next_login(users: StoreUsers, store: TransferStore) -> None:
    assert _find(users, "alice") is None
    _put(store, "alice")
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(50)]
    for number, key in enumerate(keys):
        _add_key(store, "alice", key, number)
    user = _find(users, "alice")
    assert user is not None
    assert user.public_keys == {key.public_data for key in keys}
    store.delete_ssh_public_key(SERVER_ID, "alice", f"key-{7:017x}")
    user = _find(users, "alice")
    assert user is not None
    assert user.public_keys == {key.public_data for key in keys} - {keys[7].public_data}
    store.delete_user(SERVER_ID, "alice")
    assert _find(users, "alice") is None


def test_users_of_another_server_are_nobody(users: StoreUsers, store: TransferStore) -> None:
    store.put_server(model.Server(ServerId="s-0123456789abcdef1", Arn="other"))
    store.put_user(model.User(ServerId="s-0123456789abcdef1", UserName="alice", Arn="arn", Role=ROLE))
    assert _find(users, "alice") is None


def test_a_store_that_cannot_be_read_fails_the_login(tmp_path: Path) -> None:
    TransferStore(tmp_path / "store.sqlite", writable=True).close()
    store = TransferStore(tmp_path / "store.sqlite")
    store.close()
    with pytest.raises(IdentityProviderError, match="cannot be read"):
        _find(StoreUsers(store, SERVER_ID), "alice")
