"""Starting a container, without a Docker Engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.base import Progress
from harness.engines.docker import client, container
from harness.engines.docker.engine import LocalStackDocker
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit


class Engine(LocalStackDocker):
    """Its image is there, and its port is nobody's."""

    def make_image(self, progress: Progress) -> str:
        return "floodgate/localstack:made"

    def free_port(self) -> int:
        return 4711


class NameTakenError(Exception):
    """What Docker answers while another container has the name."""


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders of which there is a container; no new one gets as far as to be healthy."""
    found: list[Path] = []

    def run(_image: str, state_dir: Path, *_: object) -> None:
        if state_dir in found:
            raise NameTakenError
        found.append(state_dir)
        raise EnvironmentNotReadyError("it was started")

    def remove(state_dir: Path) -> None:
        if state_dir in found:
            found.remove(state_dir)

    monkeypatch.setattr(client, "require_here", lambda: None)
    monkeypatch.setattr(container, "sweep", lambda *_: None)
    monkeypatch.setattr(container, "save_log", lambda *_: None)
    monkeypatch.setattr(container, "run", run)
    monkeypatch.setattr(container, "remove", remove)
    return found


def test_a_container_whose_folder_somebody_has_deleted_makes_way(
    containers: list[Path], tmp_path: Path
) -> None:
    """Its name, which comes of the folder, would be taken."""
    containers.append(tmp_path / "stack")
    with pytest.raises(EnvironmentNotReadyError, match="it was started"):
        Engine().start(tmp_path / "stack", print)
    assert containers == []
    assert list((tmp_path / "stack").iterdir()) == []
