"""Arguments of `floodgate serve` that are refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.app import invoke
from harness.exit_codes import ExitCode
from harness.load.distributed.token import TOKEN_ENV

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_ENV, raising=False)


def test_a_worker_needs_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["serve", "--worker"]) is ExitCode.USAGE
    assert TOKEN_ENV in capsys.readouterr().err


def test_a_short_token_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TOKEN_ENV, "short")
    assert invoke(["serve"]) is ExitCode.USAGE
    assert "needs at least 16" in capsys.readouterr().err


def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["serve", str(tmp_path / "mine.yaml")]) is ExitCode.USAGE
    assert "mine.yaml" in capsys.readouterr().err
