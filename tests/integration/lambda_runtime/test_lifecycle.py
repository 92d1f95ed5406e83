"""Processes end with what they belong to."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.lambda_runtime.conftest import Deploy, StartEngine
from tests.integration.lambda_runtime.functions import TestFunction, is_running, wait_until

pytestmark = pytest.mark.integration

WITH_GRANDCHILD = """
    import os, pathlib, subprocess, time
    GRANDCHILD = subprocess.Popen(["sleep", "3600"])

    def handler(event, context):
        if event.get("mark"):
            pathlib.Path(event["mark"]).write_text(str(os.getpid()))
        time.sleep(event.get("s", 0))
        return [os.getpid(), GRANDCHILD.pid]
"""


def test_code_update_replaces_the_environments(deploy: Deploy) -> None:
    function = deploy("import os\ndef handler(event, context): return ['old', os.getpid()]")
    _, pid = function.invoke().payload
    function.update("def handler(event, context): return 'new'")
    assert function.invoke().payload == "new"
    wait_until(lambda: not is_running(pid), "the old process is gone")


def test_invocation_in_progress_ends_on_the_old_code(deploy: Deploy, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    function = deploy(WITH_GRANDCHILD)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(function.invoke, {"s": 3, "mark": str(mark)})
        wait_until(mark.exists, "the handler runs")
        function.update("def handler(event, context): return 'new'")
        assert function.invoke().payload == "new"
        pids = running.result().payload
    wait_until(lambda: not any(is_running(pid) for pid in pids), "the old processes are gone")


def test_deletion_ends_idle_processes(deploy: Deploy) -> None:
    function = deploy(WITH_GRANDCHILD)
    pids = function.invoke().payload
    assert all(is_running(pid) for pid in pids)
    function.delete()
    wait_until(lambda: not any(is_running(pid) for pid in pids), "the processes are gone")


def test_deletion_ends_a_running_invocation(deploy: Deploy, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    function = deploy(WITH_GRANDCHILD, Timeout=300)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(function.invoke, {"s": 250, "mark": str(mark)})
        wait_until(lambda: mark.exists() and mark.read_text(), "the handler runs")
        function.delete()
        assert "signal: killed" in running.result().payload["errorMessage"]
    assert not is_running(int(mark.read_text()))


def test_nothing_is_left_on_disk_of_a_deleted_function(deploy: Deploy) -> None:
    source = """
        import os

        def handler(event, context):
            return [os.environ["TMPDIR"], os.environ["LAMBDA_TASK_ROOT"]]
    """
    function = deploy(source)
    folders = [Path(folder) for folder in function.invoke().payload]
    assert all(folder.is_dir() for folder in folders)
    function.delete()
    wait_until(lambda: not any(folder.exists() for folder in folders), "the folders are gone")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_end_of_the_engine_ends_processes_and_their_children(start_engine: StartEngine, sign: int) -> None:
    engine = start_engine()
    function = TestFunction(engine.client("lambda"), WITH_GRANDCHILD)
    pids = function.invoke().payload
    assert all(is_running(pid) for pid in pids)
    os.kill(engine.pid, sign)
    wait_until(lambda: not any(is_running(pid) for pid in pids), "all processes are gone")
