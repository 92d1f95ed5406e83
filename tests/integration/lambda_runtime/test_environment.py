"""Runtime environments and their processes without LocalStack around them."""

from __future__ import annotations

import json
import os
import signal
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from floodgate_localstack.lambda_runtime.environment import RuntimeEnvironment
from floodgate_localstack.lambda_runtime.function_spec import FunctionSpec, Outcome, Request
from floodgate_localstack.lambda_runtime.settings import Settings
from floodgate_localstack.lambda_runtime.spawner import Spawner

from tests.integration.lambda_runtime.functions import is_running, wait_until

pytestmark = pytest.mark.integration

SOURCE = """
    import os, subprocess, time

    def handler(event, context):
        if event == "exit":
            os._exit(3)
        if event == "hang":
            time.sleep(600)
        if event == "child":
            return subprocess.Popen(["sleep", "3600"]).pid
        return os.getpid()
"""

Make = Callable[[], RuntimeEnvironment]


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    made = Spawner()
    yield made
    made.close()


@pytest.fixture
def make(engine_pythons: tuple[Path, Path], tmp_path: Path, spawner: Spawner) -> Iterator[Make]:
    """Starts environments that are stopped after the test."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(textwrap.dedent(SOURCE))
    settings = Settings(str(engine_pythons[1]), tmp_path)
    function = FunctionSpec("fn", "$LATEST", "app.handler", "python3.11", 128, 1.0, code)
    made: list[RuntimeEnvironment] = []

    def start() -> RuntimeEnvironment:
        environment = RuntimeEnvironment(f"env-{len(made)}", function, settings, spawner)
        made.append(environment)
        environment.start({})
        return environment

    yield start
    for environment in made:
        environment.stop()


def invoke(environment: RuntimeEnvironment, event: Any) -> Outcome:
    outcome: Outcome = environment.invoke(Request("id", "arn", json.dumps(event).encode(), "Root=1"))
    return outcome


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_end_of_the_process_is_noticed(make: Make, has_pidfd: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pidfd (macOS, old kernels) the process is asked instead."""
    if not has_pidfd:
        monkeypatch.delattr(os, "pidfd_open")
    environment = make()
    assert environment.is_alive()
    first = json.loads(invoke(environment, "pid").payload)
    assert json.loads(invoke(environment, "exit").payload)["errorType"] == "Runtime.ExitError"
    assert not environment.is_alive()
    assert not is_running(first)
    assert "Task timed out after 1.00 seconds" in invoke(environment, "hang").payload.decode()
    assert not environment.is_alive()


def test_environment_without_process_starts_one(make: Make) -> None:
    """What LocalStack's own assignment, which knows nothing of dead environments, relies on."""
    environment = make()
    invoke(environment, "exit")
    outcome = invoke(environment, "pid")
    assert not outcome.is_error
    assert is_running(json.loads(outcome.payload))


def test_stopped_environment_starts_nothing(make: Make) -> None:
    environment = make()
    environment.stop()
    environment.stop()
    assert json.loads(invoke(environment, "pid").payload)["errorType"] == "Runtime.ExitError"
    assert not environment.is_alive()


def test_stop_ends_grandchildren_and_removes_scratch(make: Make, tmp_path: Path) -> None:
    environment = make()
    grandchild = json.loads(invoke(environment, "child").payload)
    assert is_running(grandchild)
    environment.stop()
    wait_until(lambda: not is_running(grandchild), "the grandchild is gone")
    assert list((tmp_path / "environments").iterdir()) == []


def test_reaper_that_was_killed_is_replaced_and_told_all(make: Make, spawner: Spawner) -> None:
    me = psutil.Process()
    first = make()
    for child in me.children():
        if "reaper.py" in " ".join(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
            wait_until(lambda pid=child.pid: not is_running(pid), "the reaper is gone")  # type: ignore[misc]
    second = make()
    grandchildren = [json.loads(invoke(each, "child").payload) for each in (first, second)]
    assert all(is_running(pid) for pid in grandchildren)
    spawner.close()  # closes the pipe, as the end of the engine does
    wait_until(lambda: not any(is_running(pid) for pid in grandchildren), "all groups are killed")
