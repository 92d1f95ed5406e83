"""Whatever kills the parent, nothing of its stack stays for long."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engines import ports, process
from harness.engines.base import ProcessRecord
from harness.stack import lifecycle
from harness.stack.clearing import sweep
from harness.stack.state import WATCHER_ROLE, StackState
from tests.integration.stack.conftest import SMALL, OtherProcess, run_dir, wait_until

pytestmark = pytest.mark.integration

MakeProcess = Callable[..., OtherProcess]


def watcher(name: str) -> ProcessRecord:
    (record,) = (r for r in StackState(name).processes.read() if r.role == WATCHER_ROLE)
    return record


def is_gone(name: str, home: Path) -> bool:
    return not (home / "stacks" / name).exists() and process.of_owner(home) == []


def test_kill_of_the_owner_is_seen_by_the_watcher(other_process: MakeProcess, home: Path) -> None:
    owner = other_process("demo", owned=True)
    owner.wait_for_line("up and waiting")
    stack = lifecycle.describe("demo")
    assert stack is not None
    owner.end(signal.SIGKILL)
    wait_until(lambda: is_gone("demo", home), "the stack cleared by its watcher")
    assert ports.is_free(stack.sftp.port)
    # The stack was still there when the watcher did what remained to be done.
    assert (run_dir(home) / "stack.json").exists()


def test_kill_of_owner_and_watcher_is_cleared_by_the_next_up(other_process: MakeProcess, home: Path) -> None:
    owner = other_process("demo", owned=True)
    owner.wait_for_line("up and waiting")
    os.kill(watcher("demo").pid, signal.SIGKILL)
    left = [record.pid for record in StackState("demo").processes.read()]
    owner.end(signal.SIGKILL)
    assert lifecycle.describe("demo") is not None

    told: list[str] = []
    lifecycle.up("another", pipeline=SMALL, customers=1, progress=told.append)

    assert "clearing what the dead stack 'demo' left" in told
    assert "Ready." in (run_dir(home) / "engine.log").read_text()
    assert (run_dir(home) / "sftp.log").exists()
    assert not (home / "stacks" / "demo").exists()
    assert set(left).isdisjoint(process.of_owner(home))
    assert lifecycle.is_alive("another") == []


def test_kept_stack_outlives_the_process_that_made_it(other_process: MakeProcess, home: Path) -> None:
    other_process("demo", owned=False).popen.communicate(timeout=120)
    assert sweep(print) == []
    assert lifecycle.is_alive("demo") == []
    assert lifecycle.down("demo", print)
    assert is_gone("demo", home)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("LocalStack: starting", id="engine starts"),
        pytest.param("Pipeline: creating", id="pipeline is deployed"),
        pytest.param("SFTP: starting", id="front end starts"),
    ],
)
def test_up_that_was_killed_half_way_is_swept(moment: str, other_process: MakeProcess, home: Path) -> None:
    other = other_process("demo", owned=False)
    other.wait_for_line(moment)
    other.end(signal.SIGKILL)
    assert (home / "stacks" / "demo").exists()
    assert lifecycle.describe("demo") is None
    # A child that it was about to start holds its lock, too, until it has become another program.
    wait_until(lambda: sweep(print) == ["demo"], "the stack swept")
    assert is_gone("demo", home)


@pytest.mark.parametrize(
    ("moment", "owned"),
    [
        pytest.param("LocalStack: starting", False, id="engine starts"),
        pytest.param("Pipeline: creating", False, id="pipeline is deployed"),
        pytest.param("SFTP: starting", True, id="front end starts beside a watcher"),
    ],
)
def test_ctrl_c_half_way_leaves_nothing(
    moment: str, owned: bool, other_process: MakeProcess, home: Path
) -> None:
    other = other_process("demo", owned=owned)
    other.wait_for_line(moment)
    told = other.end(signal.SIGINT)
    assert "stopping what was started" in told
    assert other.popen.returncode != 0
    wait_until(lambda: is_gone("demo", home), "the watcher gone, too", timeout_s=5)


def test_sweep_leaves_a_running_up_alone(other_process: MakeProcess, home: Path) -> None:
    other = other_process("demo", owned=True)
    other.wait_for_line("Pipeline: creating")
    assert sweep(print) == []
    other.wait_for_line("up and waiting")
    assert lifecycle.is_alive("demo") == []
    assert lifecycle.down("demo", print)
