"""Bad arguments end with exit code 2 and a message that says what to change, before anything is started."""

from importlib.metadata import version
from pathlib import Path

import pytest

from harness.cli.app import invoke
from harness.exit_codes import ExitCode
from harness.stack import lifecycle

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.delenv("FLOODGATE_STACK", raising=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no-such-scenario"], "million-a-day"),
        (["run", "smoke", "--engine", "no-such-engine"], "localstack"),
        (["run", "smoke", "--route", "no-such-route"], "queued"),
        (["up", "--engine", "no-such-engine"], "localstack"),
        (["up", "--route", "no-such-route"], "queued"),
        (["up", "--name", "../escape"], "name"),
        (["up", "--port", "70000"], "--port"),
        (["up", "--sftp-port", "70000"], "--sftp-port"),
        (["up", "--stay", "--watch"], "--stay and --watch exclude each other"),
        (["up", "--engine", "http://127.0.0.1:9", "--port", "4566"], "port cannot be chosen"),
        (["run", "smoke", "--rate", "0"], "--rate must be a positive number"),
        (["run", "smoke", "--rate", "nan"], "--rate must be a positive number"),
        (["run", "smoke", "--minutes", "-1"], "--minutes must be a positive number"),
        (["run", "smoke", "--files", "0"], "--files must be a positive number"),
        (["run", "smoke", "--files", "many"], "--files"),
        (["run", "smoke", "--out", "."], "exists already"),
        (["run"], "a scenario is needed"),
        (["no-such-command"], "No such command"),
        (["report", "/no/such/folder"], "not a run folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_arguments_are_refused(arguments, message, capsys, tmp_path):
    assert invoke(arguments) == ExitCode.USAGE
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "stacks").exists() or not any((tmp_path / "stacks").iterdir())


def test_no_stack_is_exit_code_3(capsys):
    assert invoke(["status"]) == ExitCode.NOT_READY
    assert "floodgate up" in capsys.readouterr().out


def test_no_stack_as_json(capsys):
    assert invoke(["status", "--json"]) == ExitCode.NOT_READY
    assert capsys.readouterr().out.strip() == '{"schema_version": 1, "stacks": []}'


def test_down_without_a_stack_is_fine():
    assert invoke(["down"]) == ExitCode.PASSED


def test_help_is_not_an_error(capsys):
    assert invoke(["--help"]) == ExitCode.PASSED
    assert "run" in capsys.readouterr().out


def test_the_version_is_that_of_the_distribution(capsys):
    assert invoke(["--version"]) == ExitCode.PASSED
    assert capsys.readouterr().out == f"floodgate {version('floodgate-harness')}\n"


def test_scenarios_are_listed_with_one_line_each(capsys):
    assert invoke(["scenarios"]) == ExitCode.PASSED
    lines = capsys.readouterr().out.strip().splitlines()
    assert any(line.startswith("million-a-day") for line in lines)
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_an_interrupted_command_says_so(monkeypatch, capsys):
    def interrupted(_name):
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "describe", interrupted)
    assert invoke(["status"]) == ExitCode.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
def test_a_full_disk_is_no_defect_of_floodgate(monkeypatch, capsys):
    monkeypatch.setattr("harness.load.catalogue.names", lambda: Path("/dev/full").write_text("x"))
    assert invoke(["scenarios"]) == ExitCode.NOT_READY
    message = capsys.readouterr().err
    assert "No space left on device" in message
    assert "fix:" in message
