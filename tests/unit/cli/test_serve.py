"""Arguments of `floodgate serve` that are refused before anything is started."""

from __future__ import annotations

from http.client import HTTPConnection
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


@pytest.mark.parametrize(("listens_on", "asked"), [("0.0.0.0", "127.0.0.1"), ("10.0.0.7", "10.0.0.7")])
def test_the_check_asks_where_the_service_listens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], listens_on: str, asked: str
) -> None:
    def refuse(_connection: HTTPConnection) -> None:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(HTTPConnection, "connect", refuse)
    assert invoke(["serve", "--check", "--web-host", listens_on]) is ExitCode.NOT_READY
    assert f"no service answers at {asked}:8089: refused" in capsys.readouterr().err


def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["serve", str(tmp_path / "mine.yaml")]) is ExitCode.USAGE
    assert "mine.yaml" in capsys.readouterr().err
