"""What the tests with containers share: a Docker Engine, our image, and one stack that is up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.engines.docker import client, image
from harness.exceptions import EnvironmentNotReadyError
from tests.docker.stack_in_docker import Docker, StackInDocker
from tests.e2e.floodgate import Floodgate
from tests.missing import skip_unless_ci


@pytest.fixture(scope="session")
def docker() -> Any:
    """A `docker.DockerClient`; without a Docker Engine the test is skipped, in CI it fails."""
    if problem := client.docker_problem():
        skip_unless_ci(f"{problem.message}: {problem.hint}")
    return client.connect()


@pytest.fixture(scope="session")
def our_image(docker: Any) -> str:
    """The name of `floodgate/localstack:<hash>`, made once."""
    try:
        return image.ensure(print)
    except EnvironmentNotReadyError as exc:
        skip_unless_ci(f"{exc.message}: {exc.hint}")


@pytest.fixture
def floodgate(tmp_path_factory: pytest.TempPathFactory, docker: Any, our_image: str) -> Iterator[Floodgate]:
    """The command line with a state folder of its own; containers of its stacks are removed afterwards."""
    command = Floodgate(tmp_path_factory.mktemp("docker"))
    try:
        yield command
    finally:
        command.clear()
        Docker(docker, command.stacks).clear()


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory, docker: Any, our_image: str) -> Iterator[StackInDocker]:
    """The stack `kept`, up in a container for all tests; they may not stop it."""
    command = Floodgate(tmp_path_factory.mktemp("kept"))
    try:
        yield StackInDocker.up(command, docker, "kept")
    finally:
        command.clear()
        Docker(docker, command.stacks).clear()
