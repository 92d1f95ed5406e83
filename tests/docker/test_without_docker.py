"""What keeps Docker from being used: each cause has its own message and fix, and exit code 3."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engines import ports
from harness.engines.base import Progress
from harness.engines.docker import client, image
from harness.engines.docker.engine import LocalStackDocker
from harness.engines.localstack import differences
from harness.exceptions import EngineStartError, EnvironmentNotReadyError, PortInUseError
from tests.docker.derived import derived
from tests.docker.stack_in_docker import Docker
from tests.e2e.floodgate import Floodgate, Result

pytestmark = pytest.mark.docker

TOKEN_REFUSED = (
    "Localstack returning with exit code 55. Reason:\\n"
    "===============================================\\n"
    "The license activation failed for the following reason:\\n\\n"
    "No credentials were found in the environment. Please make sure to either set the LOCALSTACK_AUTH_TOKEN "
    "variable to a valid auth token.\\n"
)
"""As LocalStack says it: https://github.com/microcks/microcks/issues/2008"""
SECRET = "ls-not-a-token-of-anybody"


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Floodgate]:
    """The command line, for what fails before there is a container."""
    made = Floodgate(tmp_path / "state")
    yield made
    assert made.leftovers() == []


def refused_start(command: Floodgate, **variables: str) -> Result:
    done = command.start("run", "smoke", "--engine", "localstack:docker", cwd=None, **variables).finish()
    assert done.code == 3, done.err
    return done


def test_a_machine_without_docker(command: Floodgate, tmp_path: Path) -> None:
    programs = str(Path(sys.executable).parent)
    done = refused_start(command, DOCKER_HOST=f"unix://{tmp_path}/none.sock", PATH=programs)
    assert "there is no Docker Engine on this machine" in done.err
    assert "https://docs.docker.com/engine/install/" in done.err


def test_a_docker_engine_that_is_stopped(
    docker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is still there, and nobody listens."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    problem = client.docker_problem()
    assert problem is not None
    assert problem.kind == "stopped"
    assert "systemctl start docker" in problem.hint


def test_an_image_that_is_neither_here_nor_to_be_had(docker: Any, command: Floodgate) -> None:
    done = refused_start(command, LOCALSTACK_IMAGE="127.0.0.1:1/nobody/localstack:none")
    assert "127.0.0.1:1/nobody/localstack:none is not on this machine, and not to be had" in done.err
    assert "docker load" in done.err


def test_what_is_no_name_of_an_image(docker: Any, command: Floodgate) -> None:
    done = command.start(
        "run", "smoke", "--engine", "localstack:docker", cwd=None, LOCALSTACK_IMAGE="Not a name"
    ).finish()
    assert done.code == 2, done.err
    assert "'Not a name' is no name of an image" in done.err
    assert image.BASE_ENV in done.err


def test_an_image_that_is_no_localstack(docker: Any, our_image: str) -> None:
    before = {each.id for each in docker.containers.list(all=True, ignore_removed=True)}
    with derived(docker, 'RUN ["rm", "/opt/code/localstack/.venv/bin/python"]') as name:
        with pytest.raises(EnvironmentNotReadyError, match="is no image of LocalStack") as caught:
            image.ensure(print, name)
        probes = docker.containers.list(all=True, filters={"ancestor": name})
        assert [each.name for each in probes if each.id not in before] == []
    assert caught.value.hint is not None
    assert image.DEFAULT_BASE in caught.value.hint


class FromImage(LocalStackDocker):
    """Starts an image as it is; a mirror's tag says nothing of what LocalStack it is made from."""

    def __init__(self, name: str) -> None:
        super().__init__(base_image="mirror/localstack:ours")
        self._image = name

    def make_image(self, progress: Progress) -> str:
        return self._image


def test_a_token_that_is_refused(
    docker: Any, our_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token goes to the container alone: neither the log nor the error has it."""
    monkeypatch.setenv("LOCALSTACK_AUTH_TOKEN", SECRET)
    says = f"printf '{TOKEN_REFUSED}'; echo with $LOCALSTACK_AUTH_TOKEN; exit 55"
    with derived(docker, f"ENTRYPOINT {json.dumps(['sh', '-c', says])}", below=our_image) as name:
        engine = FromImage(name)
        with pytest.raises(EngineStartError, match="does not start without a valid token") as caught:
            engine.start(tmp_path / "refused", print)
    log = (tmp_path / "refused" / "engine.log").read_text()
    assert "license activation failed" in log
    assert "with ***" in log
    assert SECRET not in log + caught.value.message
    assert caught.value.hint is not None
    assert "LOCALSTACK_AUTH_TOKEN" in caught.value.hint
    assert Docker(docker, tmp_path).containers() == []


def test_a_container_whose_port_is_not_one_of_here_is_not_waited_for(
    docker: Any, our_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is for who runs in a container with the socket of the machine's Docker Engine."""
    monkeypatch.setattr(ports, "answers", lambda _url: False)
    line = f"ENTRYPOINT {json.dumps(['sh', '-c', 'echo Ready.; exec sleep 600'])}"
    with (
        derived(docker, line, below=our_image) as name,
        pytest.raises(EnvironmentNotReadyError, match="is ready in its container, but") as caught,
    ):
        FromImage(name).start(tmp_path / "unreachable", print)
    assert caught.value.hint is not None
    assert "--network host" in caught.value.hint
    assert Docker(docker, tmp_path).containers() == []


def test_whether_anybody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert ports.answers(url)
    assert not ports.answers(url)


def test_a_port_that_another_process_has(docker: Any, our_image: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} is taken"):
            LocalStackDocker(port=port).start(tmp_path / "stack", print)
    assert Docker(docker, tmp_path).containers() == []


def test_a_container_whose_docker_engine_has_gone_is_told_with_two_ways_out(
    docker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "orphan" / "engine.container"
    mark.parent.mkdir()
    mark.touch()
    engine = LocalStackDocker()
    engine.attach(mark.parent)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EnvironmentNotReadyError, match="the container of the stack 'orphan'") as caught:
        engine.stop()
    assert caught.value.hint is not None
    assert "floodgate down --name orphan" in caught.value.hint
    assert "--engine localstack" not in caught.value.hint
    assert f"rm {mark}" in caught.value.hint
    mark.unlink()
    engine.stop()


def test_a_log_that_cannot_be_saved_keeps_no_container(docker: Any, our_image: str, tmp_path: Path) -> None:
    """As on a full disk."""
    state_dir = tmp_path / "unsaved"
    engine = FromImage(our_image)
    info = engine.start(state_dir, print)
    told = differences.differs_from_aws("localstack:docker", info.version)
    assert (
        engine.capabilities().differs_from_aws == told
    )  # of the version that runs, where the tag names none
    (state_dir / "engine.log.new").mkdir()
    engine.stop()
    assert Docker(docker, tmp_path).containers() == []


class PortLostOnce(LocalStackDocker):
    """Between our look for a free port and Docker's use of it, somebody else takes the first one."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = socket.create_server(("127.0.0.1", 0))
        self._offered = iter([self.taken.getsockname()[1]])

    def free_port(self) -> int:
        return next(self._offered, None) or super().free_port()


def test_a_port_that_is_snatched_away_is_replaced_by_another(
    docker: Any, our_image: str, tmp_path: Path
) -> None:
    engine = PortLostOnce()
    try:
        info = engine.start(tmp_path / "stack", print)
        assert info.endpoint_url != f"http://127.0.0.1:{engine.taken.getsockname()[1]}"
        assert len(Docker(docker, tmp_path).containers()) == 1
    finally:
        engine.taken.close()
        engine.stop()
