"""`floodgate fault`: what is refused before any stack is asked, and what is said without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.app import invoke
from harness.exit_codes import ExitCode

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.delenv("FLOODGATE_STACK", raising=False)


@pytest.mark.parametrize("command", ["set", "add"])
def test_bad_faults_are_refused_all_at_once(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["fault", command, "nonsense", "s3.Nope:AccessDenied"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "'nonsense'" in told
    assert "'Nope'" in told
    assert "fix: for example" in told


@pytest.mark.parametrize("arguments", [["set", "s3.events:duplicate"], ["list"], ["clear"]])
def test_without_a_stack_the_command_that_starts_one_is_named(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["fault", *arguments]) == ExitCode.NOT_READY
    assert "floodgate up --name default" in capsys.readouterr().err
