"""The end of a test run's stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.pytest_plugin.place import Place
from harness.pytest_plugin.settings import Settings
from harness.pytest_plugin.shared_stack import release
from harness.stack import lifecycle

pytestmark = pytest.mark.unit


def test_a_stack_is_taken_down_although_its_logs_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_down = []
    monkeypatch.setattr(lifecycle, "down", lambda name, _progress: taken_down.append(name))
    no_folder = tmp_path / "reports"
    no_folder.write_text("a file")
    with pytest.warns(RuntimeWarning, match="logs of the stack could not be kept"):
        release(Place("pytest-1", 1), _settings(no_folder))
    assert taken_down == ["pytest-1"]


def _settings(reports: Path) -> Settings:
    return Settings(
        engine="localstack",
        route="queued",
        stack=None,
        template=None,
        handlers=None,
        reports=reports,
        customers=1,
        parameters={},
    )
