"""Containers that die, hang, or are left by what was killed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.engines.docker import labels
from harness.engines.docker.engine import LocalStackDocker
from harness.engines.localstack import health
from tests.docker.stack_in_docker import Docker, StackInDocker
from tests.e2e.floodgate import Command, Floodgate, eventually, ledger_lines

pytestmark = pytest.mark.docker


LOAD = ("run", "smoke", "--files", "4000", "--rate", "8")
"""A run that would last long."""


def started_run(floodgate: Floodgate, api: Any, report: Path, *more: str) -> tuple[Command, Any]:
    """Start a run, and return it with its container once files are on their way."""
    run = floodgate.start(*LOAD, *more, "--out", str(report))
    eventually(lambda: ledger_lines(report, "uploaded") > 5, "the first uploads", timeout_s=180)
    (container,) = Docker(api, floodgate.stacks).containers()
    return run, container


def test_a_container_that_dies_in_mid_run_ends_the_run_with_its_report(
    floodgate: Floodgate, docker: Any, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    run, container = started_run(floodgate, docker, report, "--engine", "localstack:docker")
    container.kill()
    ended = run.finish()
    assert ended.code == 6, ended.err
    assert "the engine process died in mid-run" in ended.out
    assert json.loads((report / "summary.json").read_text())["verdict"] == "error"
    assert "Ready." in (report / "engine.log").read_text()
    assert Docker(docker, floodgate.stacks).containers() == []
    assert floodgate.leftovers() == []


def test_the_container_goes_with_a_run_that_is_killed(
    floodgate: Floodgate, docker: Any, tmp_path: Path
) -> None:
    run, _ = started_run(floodgate, docker, tmp_path / "report", "--engine", "localstack:docker")
    run.process.kill()
    run.process.wait()
    ours = Docker(docker, floodgate.stacks)
    eventually(lambda: ours.containers() == [], "the watcher", timeout_s=120)
    eventually(lambda: floodgate.leftovers() == [], "the watcher's end")


def test_a_kept_stack_whose_container_stands_still_and_then_dies(
    floodgate: Floodgate, docker: Any, tmp_path: Path
) -> None:
    stack = StackInDocker.up(floodgate, docker, "broken")
    run, container = started_run(floodgate, docker, tmp_path / "report", "--name", "broken")
    container.pause()
    ended = run.finish()
    assert ended.code == 6, ended.err
    container.unpause()
    assert floodgate.run("status", "--name", "broken").code == 0
    container.kill()
    status = floodgate.run("status", "--name", "broken")
    assert status.code == 3
    assert "engine no longer runs" in status.err
    assert floodgate.run("down", "--name", "broken").code == 0
    assert stack.docker.containers() == []
    assert floodgate.leftovers() == []


def test_two_engines_side_by_side_and_one_whose_folder_somebody_has_deleted(
    docker: Any, our_image: str, tmp_path: Path
) -> None:
    one, two, three = LocalStackDocker(), LocalStackDocker(), LocalStackDocker()
    ours = Docker(docker, tmp_path)
    try:
        first, second = one.start(tmp_path / "one", print), two.start(tmp_path / "two", print)
        assert health.read(first.endpoint_url)
        assert health.read(second.endpoint_url)
        shutil.rmtree(tmp_path / "one")
        three.start(tmp_path / "three", print)
        left = {each.labels[labels.HOME] for each in ours.containers()}
        assert left == {str(tmp_path / "two"), str(tmp_path / "three")}
        assert [each.is_running() for each in (one, two, three)] == [False, True, True]
        three.stop()
        assert not three.is_running()
        assert "Ready." in (tmp_path / "three" / "engine.log").read_text()
    finally:
        ours.clear()
