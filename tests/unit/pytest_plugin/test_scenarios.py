"""Where a test's run folders are put."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.exceptions import EnvironmentNotReadyError
from harness.pytest_plugin.scenarios import ScenarioRunner, folder_label
from harness.run import runner
from harness.run.options import RunOptions
from harness.stack import lifecycle

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "node_id", ["t.py::test[a/../b]", f"t.py::test[{'x' * 5000}]", "t::[" + "ü|\n" * 300]
)
def test_any_test_has_a_folder_name_that_file_systems_take(node_id: str, tmp_path: Path) -> None:
    (tmp_path / folder_label(node_id)).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [folder_label(node_id)]


def test_long_names_stay_apart() -> None:
    assert folder_label("t" * 500 + "a") != folder_label("t" * 500 + "b")


class TestOnAStack:
    """With the run itself left out: it makes its folder, as the real one does."""

    @pytest.fixture
    def start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScenarioRunner:
        def run(options: RunOptions, *_rest: object) -> SimpleNamespace:
            assert options.out is not None
            options.out.mkdir()
            return SimpleNamespace(summary={}, exit_code=0, folder=options.out)

        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setattr(runner, "run_scenario", run)
        monkeypatch.setattr(lifecycle, "describe", {"up": object()}.get)
        stack = cast("Any", SimpleNamespace(name="up"))
        return ScenarioRunner(stack, tmp_path / "reports")

    def test_a_folder_is_never_used_twice(self, start: ScenarioRunner, tmp_path: Path) -> None:
        assert start("smoke").folder.name == "smoke-1"
        assert start("smoke").folder.name == "smoke-2"
        (tmp_path / "reports" / "smoke-1").rmdir()
        assert {start("smoke").folder.name, start("smoke").folder.name} == {"smoke-1", "smoke-3"}

    def test_no_lock_is_left_behind(self, start: ScenarioRunner, tmp_path: Path) -> None:
        start("smoke")
        assert [path.name for path in (tmp_path / "state").rglob("*.lock")] == []

    def test_a_stack_that_is_gone_is_told_and_not_replaced(self, start: ScenarioRunner) -> None:
        gone = ScenarioRunner(cast("Any", SimpleNamespace(name="gone")), start.folder)
        with pytest.raises(EnvironmentNotReadyError, match="'gone' of the tests is not up any more"):
            gone("smoke")
