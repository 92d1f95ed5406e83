"""The state folder: names, order of writing, and what counts as a leftover."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.engines.base import EngineInfo, ProcessRecord
from harness.engines.process import record_of
from harness.exceptions import UsageError
from harness.stack.description import SftpEndpoint, SftpUser, StackDescription
from harness.stack.state import Ownership, StackState, known_names

pytestmark = pytest.mark.unit

DEAD = ProcessRecord("owner", 2**22 + 1, 1.0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    return tmp_path


def description(name: str) -> StackDescription:
    return StackDescription(
        name=name,
        engine=EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:1"),
        route="queued",
        sftp=SftpEndpoint("127.0.0.1", 2, "SHA256:x", "s-0"),
        users=[SftpUser("customer-0001", "/keys/customer-0001")],
        buckets={"source": "a", "destination": "b"},
        table="FileTransferMetadata",
        queues={"work": "u", "dlq": "v"},
        functions={"worker": "w"},
    )


def made(owner: ProcessRecord | None) -> StackState:
    state = StackState("demo")
    state.create(Ownership("localstack", owner))
    return state


@pytest.mark.parametrize("name", ["", "Demo", "a_b", "a" * 41, "../x", "a b", "a/b", "ä", "a\n"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no name for a stack"):
        StackState(name)


@pytest.mark.parametrize("name", ["default", "a", "run-2026-11-22", "a" * 40])
def test_good_names(name: str) -> None:
    assert StackState(name).name == name


def test_what_is_written_is_read_back() -> None:
    owner = record_of("owner", os.getpid())
    state = made(owner)
    state.publish(description("demo"))
    assert state.ownership() == Ownership("localstack", owner)
    assert state.description() == description("demo")
    assert known_names() == ["demo"]


def test_the_folder_is_for_this_user_alone() -> None:
    assert stat.S_IMODE(made(None).folder.stat().st_mode) == 0o700


def test_a_stack_that_nobody_started_is_not_up() -> None:
    assert StackState("demo").description() is None
    assert known_names() == []


def test_unfinished_up_is_stale() -> None:
    assert made(record_of("owner", os.getpid())).is_stale()


def test_stack_of_a_living_owner_is_not_stale() -> None:
    state = made(record_of("owner", os.getpid()))
    state.publish(description("demo"))
    assert not state.is_stale()


def test_stack_of_a_dead_owner_is_stale() -> None:
    state = made(DEAD)
    state.publish(description("demo"))
    assert state.is_stale()


def test_kept_stack_lives_as_long_as_one_of_its_processes() -> None:
    state = made(None)
    state.publish(description("demo"))
    state.processes.write(ProcessRecord("sftp", DEAD.pid, 1.0))
    state.processes.write(record_of("engine", os.getpid()))
    assert not state.is_stale()
    assert state.dead_roles() == ["sftp"]


def test_kept_stack_whose_processes_are_all_dead_is_stale() -> None:
    state = made(None)
    state.publish(description("demo"))
    state.processes.write(ProcessRecord("sftp", DEAD.pid, 1.0))
    state.processes.write(ProcessRecord("engine", DEAD.pid, 1.0))
    assert state.is_stale()


def test_a_dead_watcher_is_no_dead_part() -> None:
    state = made(None)
    state.processes.write(ProcessRecord("watcher", DEAD.pid, 1.0))
    assert state.dead_roles() == []


def test_the_lock_is_held_once() -> None:
    state = made(None)
    with state.locked(), state.locked_if_free() as held:
        assert not held
    with state.locked_if_free() as held:
        assert held
