"""A stack whose engine is a container, and what the Docker Engine knows about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.docker import labels
from harness.pytest_plugin.sftp_client import SftpClient
from harness.pytest_plugin.stack import Stack
from harness.stack.description import StackDescription
from tests.e2e.floodgate import Floodgate


@dataclass(frozen=True)
class Docker:
    """The containers of the stacks in one folder.

    :param api: a `docker.DockerClient`
    """

    api: Any
    stacks: Path

    def containers(self) -> list[Any]:
        """Return them, running or not."""
        found = self.api.containers.list(all=True, filters={"label": labels.HOME}, ignore_removed=True)
        return [each for each in found if Path(each.labels[labels.HOME]).parent == self.stacks]

    def clear(self) -> None:
        """Remove whatever a failed test has left."""
        for each in self.containers():
            each.remove(force=True, v=True)


@dataclass(frozen=True)
class StackInDocker:
    """A stack that `floodgate up` keeps."""

    command: Floodgate
    docker: Docker
    description: StackDescription

    @classmethod
    def up(cls, command: Floodgate, api: Any, name: str) -> StackInDocker:
        """Start it."""
        started = command.run("up", "--name", name, "--engine", "localstack:docker", "--customers", "3")
        assert started.code == 0, started.err
        described = StackDescription.from_json(command.status(name))
        return cls(command, Docker(api, command.stacks), described)

    @property
    def container(self) -> Any:
        """The one that the engine runs in, as it is now."""
        (found,) = self.docker.containers()
        return found

    @property
    def folder(self) -> Path:
        """The state folder."""
        return self.command.stacks / self.description.name

    @property
    def stack(self) -> Stack:
        """The stack as a test sees it."""
        return Stack(self.description)

    def sftp(self) -> SftpClient:
        """Return an open session of the first customer."""
        described = self.description
        return SftpClient(described.sftp, described.users[0], described.buckets["source"])
