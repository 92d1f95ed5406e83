"""What users are told where Docker cannot be used, by what Docker's client raises then."""

from __future__ import annotations

import sys

import pytest
import requests.exceptions
from docker.errors import APIError, DockerException

from harness.engines.docker import client
from harness.exceptions import EnvironmentNotReadyError, UsageError

pytestmark = pytest.mark.unit


def raised_by(cause: Exception) -> DockerException:
    """Return the error of Docker's client that comes of a cause, chained as it chains it."""
    between = requests.exceptions.ConnectionError("connection aborted")
    between.__context__ = cause
    error = DockerException("Error while fetching server API version")
    error.__cause__ = between
    return error


@pytest.mark.parametrize(
    ("cause", "message", "fix"),
    [
        (
            PermissionError(13, "Permission denied"),
            "this user may not use the Docker Engine",
            "usermod -aG docker",
        ),
        (ConnectionRefusedError(111, "Connection refused"), "is not running", "systemctl start docker"),
        (requests.exceptions.ReadTimeout("read timed out"), "does not answer", "systemctl restart docker"),
        (TimeoutError("timed out"), "does not answer", "systemctl restart docker"),
    ],
)
def test_each_cause_has_its_own_message_and_fix(cause: Exception, message: str, fix: str) -> None:
    with pytest.raises(EnvironmentNotReadyError, match=message) as caught, client.translated("trying"):
        raise raised_by(cause)
    assert caught.value.hint is not None
    assert fix in caught.value.hint
    assert "--engine localstack" in caught.value.hint


@pytest.mark.parametrize(
    ("program", "message", "fix"),
    [
        ("/usr/bin/docker", "the Docker Engine is not running", "systemctl start docker"),
        (None, "there is no Docker Engine on this machine", "docs.docker.com/engine/install"),
    ],
)
def test_without_a_socket_the_program_tells_absent_from_stopped(
    program: str | None, message: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: program)
    with pytest.raises(EnvironmentNotReadyError, match=message) as caught, client.translated("trying"):
        raise raised_by(FileNotFoundError(2, "No such file or directory"))
    assert caught.value.hint is not None
    assert fix in caught.value.hint


def test_what_docker_itself_says_is_told_as_it_says_it() -> None:
    refusal = APIError("500 Server Error", explanation="port is already allocated")
    with (
        pytest.raises(EnvironmentNotReadyError, match="starting: port is already allocated"),
        client.translated("starting"),
    ):
        raise refusal


def test_other_errors_go_through() -> None:
    with pytest.raises(KeyError), client.translated("trying"):
        raise KeyError("a defect of ours")


def test_without_the_python_package_the_fix_is_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers.core", None)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody-has-asked-this-one-before")
    with pytest.raises(UsageError, match="not installed") as caught:
        client.connect()
    assert caught.value.hint == 'pip install "floodgate-harness[docker]"'
