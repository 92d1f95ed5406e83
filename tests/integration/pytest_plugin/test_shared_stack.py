"""A stack of the test run's own: the example as a user copies it, in two processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.pytest_plugin.conftest import Project, counts, shown

pytestmark = pytest.mark.integration

EXAMPLE = Path(__file__).parents[3] / "examples" / "pytest"


def test_the_example_passes_in_two_processes_on_one_stack_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    project = Project(Path(shutil.copytree(EXAMPLE, tmp_path / "project")))
    result = project.pytest("-n", "2", "-q")
    assert counts(result) == {"passed": 5}, shown(result)
    # One engine wrote one log: the processes shared it.
    assert (project.folder / "floodgate-reports" / "engine.log").stat().st_size > 0
    assert list((state / "floodgate" / "stacks").glob("pytest-*")) == []
