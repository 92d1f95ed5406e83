"""A stack that could be cleared in part only, because its engine could not be stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cost.estimate import estimate
from harness.cost.per_file import Variant
from harness.deploy.record import DeploymentRecord
from harness.engines.aws.account import Account
from harness.engines.base import EngineInfo, ProcessRecord
from harness.engines.localstack.host import LocalStackHost
from harness.exceptions import EnvironmentNotReadyError, FloodgateError, UsageError
from harness.stack import clearing, front_end, stand_ins
from harness.stack.in_account import known
from harness.stack.state import WATCHER_ROLE, Ownership, StackState
from tests.unit.stack.test_state import description

pytestmark = pytest.mark.unit

ACCOUNT = Account(EngineInfo("aws", "aws", "of today", "https://cloudformation.us-east-1.amazonaws.com"))
ENDED = 2**22 + 1
"""No process has such an id."""


class CannotBeAsked(LocalStackHost):
    """An engine in a container, where Docker cannot be used."""

    def __init__(self, why: FloodgateError) -> None:
        super().__init__()
        self._why = why

    def stop(self) -> None:
        raise self._why


STOPPED = EnvironmentNotReadyError("the Docker Engine is not running")
NO_PACKAGE = UsageError("the Python package for Docker is not installed")


def test_a_stack_whose_engine_could_not_be_stopped_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its front end is gone: a run that took it for a stack that is up would fail with every file."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.setattr(clearing, "attached", lambda _name, _folder: CannotBeAsked(STOPPED))
    state = StackState("demo")
    state.create(Ownership("localstack"))
    state.processes.write(ProcessRecord(front_end.ROLE, ENDED, 1.0))
    with pytest.raises(EnvironmentNotReadyError):
        clearing.clear(state)
    assert state.dead_roles() == [front_end.ROLE]


@pytest.mark.parametrize("why", [STOPPED, NO_PACKAGE])
def test_a_dead_stack_that_cannot_be_cleared_keeps_nobody_from_starting_another(
    why: FloodgateError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.setattr(clearing, "attached", lambda _name, _folder: CannotBeAsked(why))
    StackState("dead").create(Ownership("localstack"))
    told: list[str] = []
    assert clearing.sweep(told.append) == []
    assert told[-1] == f"the dead stack 'dead' cannot be cleared now: {why.message}"


def test_the_watcher_lives_until_the_account_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That takes minutes, in which whoever clears may be killed."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    state = StackState("demo")
    state.create(Ownership("localstack"))
    done: list[str] = []
    monkeypatch.setattr(clearing, "_end", lambda _state, role, **_: done.append(role))
    monkeypatch.setattr(clearing, "_leave_account", lambda *_: done.append("account"))
    clearing.clear(state)
    assert done == [front_end.ROLE, stand_ins.ROLE, "account", WATCHER_ROLE]
    assert not state.folder.exists()


def test_a_stack_that_leaves_its_account_is_up_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By emptied buckets the watcher of a run that was killed now would settle it as lost."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    state = StackState("demo")
    state.create(Ownership("localstack"))
    state.publish(description("demo"))
    state.deploy_dir.mkdir()
    DeploymentRecord("floodgate-demo").write(state.deploy_dir)
    known.remember(state.folder, ACCOUNT, estimate({}, Variant("queued", {})))
    seen: list[object] = []
    monkeypatch.setattr(clearing, "ours", lambda *_: None)
    monkeypatch.setattr(clearing, "remove", lambda *_: seen.append(state.description()))
    clearing.clear(state)
    assert seen == [None]
