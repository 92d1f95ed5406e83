"""A stack that could be cleared in part only, because its engine could not be stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.base import ProcessRecord
from harness.engines.localstack.host import LocalStackHost
from harness.exceptions import EnvironmentNotReadyError
from harness.stack import clearing, front_end
from harness.stack.state import Ownership, StackState

pytestmark = pytest.mark.unit

ENDED = 2**22 + 1
"""No process has such an id."""


class CannotBeAsked(LocalStackHost):
    """An engine in a container, of a Docker Engine that has stopped."""

    def stop(self) -> None:
        raise EnvironmentNotReadyError("the Docker Engine is not running")


def test_a_stack_whose_engine_could_not_be_stopped_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its front end is gone: a run that took it for a stack that is up would fail with every file."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.setattr(clearing, "attached", lambda _name, _folder: CannotBeAsked())
    state = StackState("demo")
    state.create(Ownership("localstack"))
    state.processes.write(ProcessRecord(front_end.ROLE, ENDED, 1.0))
    with pytest.raises(EnvironmentNotReadyError):
        clearing.clear(state)
    assert state.dead_roles() == [front_end.ROLE]
