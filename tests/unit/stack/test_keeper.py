"""Who tells whether a stack of `floodgate up --stay` works: its keeper's lock, also across containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import locks
from harness.engines.base import ProcessRecord
from harness.stack import health, keeper
from harness.stack.state import Ownership, StackState
from tests.unit.stack.test_state import DEAD, description

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def kept() -> StackState:
    """A stack that this process keeps, and that says it is up; its SFTP process has a record that is dead."""
    state = StackState("demo")
    state.create(Ownership("http://127.0.0.1:1", DEAD))
    keeper.begin(state.folder)
    state.processes.write(ProcessRecord("sftp", DEAD.pid, DEAD.started_at))
    state.publish(description("demo"))
    return state


def see_from_another_container(state: StackState) -> None:
    (state.folder / "keeper.namespace").write_text("pid:[1]")


def lose_the_keeper(state: StackState) -> None:
    """Have the folder as a keeper that was killed leaves it: the lock's file, which nobody holds."""
    lock = state.folder / "keeper.lock"
    lock.unlink()
    lock.touch()


def test_with_the_keepers_process_ids_a_dead_part_is_named(kept: StackState) -> None:
    assert not keeper.is_from_elsewhere(kept.folder)
    assert kept.dead_roles() == ["sftp"]


def test_in_another_container_process_ids_say_nothing(kept: StackState) -> None:
    see_from_another_container(kept)
    assert kept.dead_roles() == []
    assert not kept.is_stale()


def test_in_another_container_a_lost_keeper_is_seen(kept: StackState) -> None:
    see_from_another_container(kept)
    has_gone = keeper.watch(kept.folder)
    assert not has_gone()
    lose_the_keeper(kept)
    assert kept.dead_roles() == ["keeper"]
    assert kept.is_stale()
    assert has_gone()


def test_a_keeper_that_has_taken_the_stack_down_is_gone_too(kept: StackState) -> None:
    has_gone = keeper.watch(kept.folder)
    kept.remove()
    assert has_gone()


def test_a_stack_that_nobody_keeps_has_no_keeper_to_lose() -> None:
    state = StackState("demo")
    state.create(Ownership("localstack"))
    assert not keeper.has_keeper(state.folder)
    assert not keeper.is_from_elsewhere(state.folder)
    assert not keeper.watch(state.folder)()


def test_a_lock_is_held_until_its_holder_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.is_held(path)
    with locks.exclusive(path):
        assert locks.is_held(path)
    assert not locks.is_held(path)


def test_the_health_check_tells_what_is_wrong(kept: StackState) -> None:
    assert health.problem("other") == "no stack named 'other' is up"
    lose_the_keeper(kept)
    assert health.problem("demo") == "its keeper has ended"
