"""The store: what is written is read, by other connections, whole or not at all."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.exceptions import EnvironmentNotReadyError
from harness.transfer.model import Execution, HostKey, Server, SshPublicKey, StepState, User, Workflow
from harness.transfer.store import AlreadyStoredError, NotStoredError, TransferStore

pytestmark = pytest.mark.unit

SERVER = Server(ServerId="s-1", Arn="arn:server/s-1", PreAuthenticationLoginBanner="hello")
USER = User(ServerId="s-1", UserName="alice", Arn="arn:user/s-1/alice", Role="arn:role/x", Policy="{}")
HOST_KEY = HostKey(
    HostKeyId="hostkey-1",
    ServerId="s-1",
    Arn="arn:host-key/s-1/hostkey-1",
    HostKeyBody="secret",
    HostKeyFingerprint="SHA256:x",
    Type="ssh-ed25519",
    DateImported=1.0,
)


def key(number: int) -> SshPublicKey:
    return SshPublicKey(SshPublicKeyId=f"key-{number}", SshPublicKeyBody=f"body {number}", DateImported=1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "transfer.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[TransferStore]:
    with TransferStore(path, writable=True) as store:
        yield store


@pytest.fixture
def reader(store: TransferStore, path: Path) -> Iterator[TransferStore]:
    with TransferStore(path) as reader:
        yield reader


def test_a_reader_sees_what_was_written_a_moment_ago(store: TransferStore, reader: TransferStore) -> None:
    assert reader.server("s-1") is None
    store.put_server(SERVER)
    store.put_user(USER)
    store.put_host_key(HOST_KEY)
    assert reader.server("s-1") == SERVER
    assert reader.servers() == [SERVER]
    assert reader.user("s-1", "alice") == USER
    assert reader.host_keys("s-1") == [HOST_KEY]
    assert reader.user("s-1", "bob") is None


def test_keys_come_with_their_user_in_the_order_of_import(store: TransferStore) -> None:
    store.put_server(SERVER)
    for name in ("alice", "bob"):
        store.put_user(USER.model_copy(update={"UserName": name}))
    for number in (3, 1, 2):
        store.add_ssh_public_key("s-1", "alice", key(number), bytes([number]))
    found = store.user("s-1", "alice")
    assert found is not None
    assert [each.SshPublicKeyId for each in found.SshPublicKeys] == ["key-3", "key-1", "key-2"]
    assert [len(user.SshPublicKeys) for user in store.users("s-1")] == [3, 0]
    store.put_user(found.model_copy(update={"Role": "arn:role/other"}))
    changed = store.user("s-1", "alice")
    assert changed is not None
    assert (changed.Role, len(changed.SshPublicKeys)) == ("arn:role/other", 3)


def test_a_key_is_one_key_however_it_is_spelled(store: TransferStore) -> None:
    store.put_server(SERVER)
    store.put_user(USER)
    store.add_ssh_public_key("s-1", "alice", key(1), b"wire")
    with pytest.raises(AlreadyStoredError):
        store.add_ssh_public_key("s-1", "alice", key(2), b"wire")
    store.delete_ssh_public_key("s-1", "alice", "key-1")
    store.add_ssh_public_key("s-1", "alice", key(2), b"wire")


def test_what_belongs_to_nothing_is_not_stored(store: TransferStore) -> None:
    writes: list[Callable[[], None]] = [
        lambda: store.put_user(USER),
        lambda: store.put_host_key(HOST_KEY),
        lambda: store.add_ssh_public_key("s-1", "alice", key(1), b"wire"),
        lambda: store.delete_server("s-1"),
        lambda: store.delete_user("s-1", "alice"),
        lambda: store.delete_ssh_public_key("s-1", "alice", "key-1"),
        lambda: store.delete_host_key("s-1", "hostkey-1"),
        lambda: store.delete_workflow("w-1"),
        lambda: store.put_execution(Execution(ExecutionId="e", WorkflowId="w-1")),
    ]
    for write in writes:
        with pytest.raises(NotStoredError):
            write()
    assert store.revision() == 0


def test_a_deleted_server_takes_everything_of_it_along(store: TransferStore) -> None:
    store.put_server(SERVER)
    store.put_user(USER)
    store.add_ssh_public_key("s-1", "alice", key(1), b"wire")
    store.put_host_key(HOST_KEY)
    for arn in (SERVER.Arn, USER.Arn, HOST_KEY.Arn, "arn:other"):
        store.put_tags(arn, {"a": "1"})
    store.delete_server("s-1")
    store.put_server(SERVER)
    assert store.users("s-1") == []
    assert store.host_keys("s-1") == []
    assert [store.tags(arn) for arn in (SERVER.Arn, USER.Arn, HOST_KEY.Arn)] == [{}, {}, {}]
    assert store.tags("arn:other") == {"a": "1"}
    store.put_user(USER)
    assert store.user("s-1", "alice") == USER, "the keys of the deleted user must not come back"


def test_users_are_read_in_pages(store: TransferStore) -> None:
    store.put_server(SERVER)
    for name in ("cc", "aa", "bb", "dd"):
        store.put_user(USER.model_copy(update={"UserName": name}))
    assert [user.UserName for user in store.users("s-1", limit=2)] == ["aa", "bb"]
    assert [user.UserName for user in store.users("s-1", after="bb", limit=9)] == ["cc", "dd"]
    assert store.user_count("s-1") == 4


def test_the_revision_tells_a_change_of_the_server_from_one_of_its_users(store: TransferStore) -> None:
    store.put_server(SERVER)
    first, first_of_server = store.revision(), store.revision("s-1")
    store.put_user(USER)
    store.add_ssh_public_key("s-1", "alice", key(1), b"wire")
    assert store.revision() > first
    assert store.revision("s-1") == first_of_server
    store.put_host_key(HOST_KEY)
    assert store.revision("s-1") > first_of_server
    assert store.revision("s-2") == 0


def test_a_transaction_is_seen_whole_or_undone(store: TransferStore, reader: TransferStore) -> None:
    class ProcessDiedError(Exception):
        pass

    def die_half_way() -> None:
        with store.transaction():
            store.put_server(SERVER)
            store.put_user(USER)
            assert reader.servers() == []
            raise ProcessDiedError

    with pytest.raises(ProcessDiedError):
        die_half_way()
    assert store.servers() == []
    with store.transaction():
        store.put_server(SERVER)
        store.put_user(USER)
    assert reader.user("s-1", "alice") == USER


def test_a_reader_cannot_write(store: TransferStore, reader: TransferStore) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="readonly"):
        reader.put_server(SERVER)


def test_a_store_outlives_its_process(path: Path) -> None:
    with TransferStore(path, writable=True) as store:
        store.put_server(SERVER)
    with TransferStore(path) as reader:
        assert reader.servers() == [SERVER]
    with TransferStore(path, writable=True) as store:
        store.put_server(SERVER.model_copy(update={"State": "ONLINE"}))
        assert [server.State for server in store.servers()] == ["ONLINE"]


def test_private_host_keys_are_read_by_nobody_else(store: TransferStore, path: Path) -> None:
    store.put_server(SERVER)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_file_of_another_version_is_refused(path: Path) -> None:
    TransferStore(path, writable=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for writable in (True, False):
        with pytest.raises(EnvironmentNotReadyError, match="schema version 99"):
            TransferStore(path, writable=writable)


def test_a_file_that_is_missing_or_no_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="cannot use"):
        TransferStore(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("this is text" * 100)
    with pytest.raises(EnvironmentNotReadyError, match="not a database"):
        TransferStore(tmp_path / "text", writable=True)


def test_executions_are_listed_the_newest_first(store: TransferStore) -> None:
    store.put_workflow(Workflow(WorkflowId="w-1", Arn="arn:w", Steps=({"Type": "CUSTOM"},)))
    for execution_id in ("a", "b"):
        store.put_execution(Execution(ExecutionId=execution_id, WorkflowId="w-1", Document={"n": 1}))
    store.put_execution(Execution(ExecutionId="a", WorkflowId="w-1", Status="COMPLETED"))
    assert [(e.ExecutionId, e.Status) for e in store.executions("w-1")] == [
        ("b", "IN_PROGRESS"),
        ("a", "COMPLETED"),
    ]
    state = StepState(WorkflowId="w-1", ExecutionId="b", Token="t", Status="SUCCESS")
    store.put_step_state(state)
    assert store.step_state("t") == state
    store.delete_workflow("w-1")
    assert store.workflows() == []
    assert store.step_state("t") is None
