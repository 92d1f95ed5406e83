"""What crashed runs have left is found and cleared; what works for somebody is left alone."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from harness.doctor.finding import Finding, Status
from harness.doctor.leftovers import orphans, stacks
from harness.doctor.mend import mend
from harness.engines import ports, process
from harness.exceptions import PortInUseError
from harness.stack import lifecycle
from harness.stack.state import Ownership, StackState
from tests.integration.doctor.conftest import Spawn

pytestmark = pytest.mark.integration


def look_for_orphans(*pids: int) -> Finding:
    """Look at these processes alone: other tests, and users, have some as well."""
    (found,) = orphans.look(lambda: [each for each in orphans.find() if each.pid in pids])
    return found


def test_processes_of_a_stack_whose_folder_is_gone_are_ended(home: Path, spawn: Spawn) -> None:
    gone, kept = home / "stacks" / "gone", home / "stacks" / "kept"
    for folder in (gone, kept):
        (folder / "engine").mkdir(parents=True)
    orphan, at_work = spawn(gone / "engine"), spawn(kept / "engine")
    assert look_for_orphans(orphan.process.pid, at_work.process.pid).status is Status.OK

    shutil.rmtree(gone)
    found = look_for_orphans(orphan.process.pid, at_work.process.pid)
    assert (found.status, found.details["pids"]) == (Status.WARNING, [orphan.process.pid])
    process.end_all([], gone, grace_s=0)
    assert not orphan.runs()
    assert at_work.runs()
    assert look_for_orphans(orphan.process.pid, at_work.process.pid).status is Status.OK


def test_a_dead_stack_is_cleared_with_what_still_runs_of_it(home: Path, spawn: Spawn) -> None:
    state = StackState("dead")
    state.create(Ownership("localstack"))
    left = spawn(state.folder / "sftp")
    (found,) = stacks.look()
    assert found.mendable

    told: list[str] = []
    assert mend([found], told.append)
    assert told == ["clearing what the dead stack 'dead' left"]
    assert not left.runs()
    assert not state.folder.exists()
    (after,) = stacks.look()
    assert after.status is Status.OK


def test_a_port_that_a_dead_stack_holds_is_told_with_what_frees_it(home: Path, spawn: Spawn) -> None:
    state = StackState("dead")
    state.create(Ownership("localstack"))
    port = spawn(state.folder / "engine").port
    with pytest.raises(PortInUseError) as caught:
        ports.require_free(port)
    assert "of the stack 'dead'" in caught.value.message
    assert str(caught.value.hint).startswith("floodgate down --name dead")

    lifecycle.down("dead", print)
    assert ports.is_free(port)


def test_a_port_that_an_orphan_of_another_home_holds(home: Path, tmp_path: Path, spawn: Spawn) -> None:
    port = spawn(tmp_path / "other" / "stacks" / "gone" / "engine").port
    with pytest.raises(PortInUseError) as caught:
        ports.require_free(port)
    assert "floodgate doctor --fix" in str(caught.value.hint)


def test_a_port_of_somebody_else_is_told_as_that(home: Path) -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        found = ports.holder(port)
        assert found is not None
        assert found.stack == ""
        with pytest.raises(PortInUseError) as caught:
            ports.require_free(port)
    assert "of the stack" not in caught.value.message
    assert "end that process" in str(caught.value.hint)
