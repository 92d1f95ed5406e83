"""`floodgate doctor` as a user calls it, on machines that lack one thing or another."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli.app import invoke
from harness.doctor import examination
from harness.engines.docker import client
from harness.exit_codes import ExitCode

pytestmark = pytest.mark.integration

SCHEMA = json.loads(Path(examination.__file__).with_name("doctor.schema.json").read_text())
TOKEN = "ls-secret-secret-secret"
KEY = "not-to-be-shown"


@dataclass(frozen=True)
class Answer:
    """What one call told."""

    code: ExitCode
    out: str
    err: str

    def findings(self) -> dict[str, dict[str, Any]]:
        """Return the findings by id, of an answer that keeps its promise."""
        told = json.loads(self.out)
        jsonschema.Draft202012Validator(SCHEMA).validate(told)
        assert self.code == (ExitCode.PASSED if told["ready"] else ExitCode.NOT_READY)
        found = {each["id"]: each for each in told["findings"]}
        assert len(found) == len(told["findings"]), "each id once"
        for each in found.values():
            assert each["fix"] or each["status"] in ("ok", "note"), each
            assert each["status"] != "unknown", each
        return found


class Doctor:
    """Calls it in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Answer:
        self._capsys.readouterr()
        code = invoke(["doctor", *arguments])
        return Answer(code, *self._capsys.readouterr())


def without_docker() -> None:
    raise client._DockerProblemError(client.Problem("absent", "no Docker here", "install it"))


@pytest.fixture
def doctor(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    for name in [name for name in os.environ if name.startswith(("AWS_", "LOCALSTACK_"))]:
        monkeypatch.delenv(name)
    # Not by DOCKER_HOST: where nobody listens, the library for Docker leaves a socket open for each attempt.
    monkeypatch.setattr(client, "_ask", without_docker)
    return Doctor(capsys)


def test_all_is_looked_at_and_nothing_is_changed_or_given_away(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALSTACK_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAX")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    done = doctor("--json")
    found = done.findings()
    assert found["python.version"]["status"] == "ok"
    assert found["environments.lambda-runtime"]["status"] == "note"
    assert found["token.present"]["details"] == {"present": True}
    assert found["aws.credentials"]["status"] == "ok"
    assert {"disk.cache", "disk.state", "ports.engine", "limits.open-files"} <= found.keys()
    for secret in (TOKEN, KEY):
        assert secret not in done.out + done.err
    assert list(home.iterdir()) == []


def test_for_people_and_of_one_engine(doctor: Doctor) -> None:
    done = doctor("--engine", "localstack")
    assert done.code == ExitCode.PASSED, done.out
    assert done.out.splitlines()[-1].startswith("ready for localstack")
    assert "Python 3." in done.out
    assert "Docker" not in done.out


def test_in_a_process_of_its_own_with_few_open_files_and_no_docker(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "doctor", "--json"],
        env={**os.environ, "DOCKER_HOST": f"unix://{home}/no.sock"},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512)),
        check=False,
    )
    found = Answer(ExitCode(done.returncode), done.stdout, done.stderr).findings()
    assert found["limits.open-files"]["status"] == "failed"
    assert found["limits.open-files"]["details"]["limit"] == 512
    assert found["docker.engine"]["status"] == "note"
    assert f"{home}/no.sock" in found["docker.engine"]["summary"]
    assert done.stderr == ""


def test_a_home_that_cannot_be(doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    monkeypatch.setenv("FLOODGATE_HOME", str(home / "file"))
    found = doctor("--json").findings()
    assert found["disk.state"]["status"] == "failed"
    assert "is no folder" in found["disk.state"]["summary"]


def test_without_docker_the_host_engine_is_ready_and_the_container_is_not(doctor: Doctor) -> None:
    found = doctor("--json").findings()
    assert found["docker.engine"]["status"] == "note"
    assert "only compose, localstack:docker would need it" in found["docker.engine"]["summary"]
    answer = doctor("--json", "--engine", "localstack:docker")
    assert answer.code == ExitCode.NOT_READY
    assert answer.findings()["docker.engine"]["status"] == "failed"


def test_aws_is_asked_only_when_it_is_wanted(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        endpoint.settimeout(0)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{endpoint.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAX")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        doctor("--json").findings()
        with pytest.raises(BlockingIOError):
            endpoint.accept()
        answer = doctor("--json", "--engine", "aws")
        endpoint.accept()[0].close()
    assert answer.findings()["aws.account"]["status"] == "failed"
    assert KEY not in answer.out + answer.err


def test_an_address_where_nobody_answers(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = doctor("--json", "--engine", f"http://127.0.0.1:{port}")
    assert answer.findings()["endpoint.answers"]["status"] == "failed"


def test_an_unknown_engine_is_a_usage_error(doctor: Doctor) -> None:
    answer = doctor("--engine", "minicloud")
    assert answer.code == ExitCode.USAGE
    assert "compose" in answer.err
