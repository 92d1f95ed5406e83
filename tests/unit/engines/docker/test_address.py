"""Where the Docker Engine is, by what the user has set, without asking it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from harness.engines.docker import address, client
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Docker's settings, with the context `rootless`; and DOCKER_HOST is put back."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "")
    folder = tmp_path / "contexts" / "meta" / hashlib.sha256(b"rootless").hexdigest()
    folder.mkdir(parents=True)
    described = {"Name": "rootless", "Endpoints": {"docker": {"Host": "unix:///run/user/1000/docker.sock"}}}
    (folder / "meta.json").write_text(json.dumps(described))
    return tmp_path


def test_the_context_that_is_named_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "rootless")
    address.take_context()
    assert os.environ["DOCKER_HOST"] == "unix:///run/user/1000/docker.sock"


@pytest.mark.parametrize(
    ("host", "context"), [("unix:///mine.sock", "rootless"), ("", "default"), ("", ""), ("tcp://a:1", "none")]
)
def test_docker_host_goes_first_and_the_default_says_nothing(
    host: str, context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setenv("DOCKER_CONTEXT", context)
    address.take_context()
    assert os.environ["DOCKER_HOST"] == host


def test_a_context_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Docker Engine than the one that was asked for is never taken."""
    monkeypatch.setenv("DOCKER_CONTEXT", "none")
    with pytest.raises(EnvironmentNotReadyError, match="no Docker context 'none'") as caught:
        client.connect()
    assert caught.value.hint is not None
    assert "docker context ls" in caught.value.hint


@pytest.mark.parametrize(
    ("where", "elsewhere"),
    [
        ("unix:///var/run/docker.sock", False),
        ("tcp://127.0.0.1:2375", False),
        ("ssh://me@127.0.0.1", False),
        ("tcp://[::1]:2375", False),
        ("tcp://192.0.2.1:2375", True),  # RFC 5737: nobody has it
        ("ssh://me@192.0.2.1", True),
    ],
)
def test_another_machine_is_told_from_this_one(where: str, elsewhere: bool) -> None:
    assert address.is_elsewhere(where) == elsewhere


def test_a_docker_engine_on_another_machine_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LocalStack would start there, and be waited for here until the time is out."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    monkeypatch.setattr(client, "connect", lambda: None)
    with pytest.raises(EnvironmentNotReadyError, match="is on another machine") as caught:
        client.require_here()
    assert caught.value.hint is not None
    assert "DOCKER_HOST" in caught.value.hint
