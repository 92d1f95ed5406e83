"""What a container is started with, without a Docker Engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import ImageNotFound
from testcontainers.core import container as testcontainers

from harness.engines.docker import client, container
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit

OURS = "floodgate/localstack:0123456789ab"


class Made:
    """Stands for testcontainers' container; notes what became of it."""

    last: Made

    def __init__(self, image: str, *, name: str, env: dict[str, str]) -> None:
        self.image, self.name, self.env = image, name, env
        self.ports: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.happened: list[str] = []
        Made.last = self

    def with_kwargs(self, **given: Any) -> None:
        self.given = given

    def get_docker_client(self) -> Any:
        return SimpleNamespace(client=SimpleNamespace(close=lambda: self.happened.append("closed")))

    def start(self) -> None:
        self.happened.append("started")


@pytest.fixture(autouse=True)
def docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Docker Engine with our image alone."""

    def get(name: str) -> Any:
        if name != OURS:
            raise ImageNotFound("no such image")
        return SimpleNamespace(id="sha256:1")

    monkeypatch.setattr(testcontainers, "DockerContainer", Made)
    monkeypatch.setattr(client, "connect", lambda: SimpleNamespace(images=SimpleNamespace(get=get)))


def test_it_is_started_by_the_images_id_and_listens_on_this_machine_alone(tmp_path: Path) -> None:
    container.run(OURS, tmp_path / "mine", 4711, {"label": "x"})
    made = Made.last
    assert made.image == "sha256:1"
    assert made.ports == {"4711/tcp": ("127.0.0.1", 4711)}
    assert made.given["labels"] == {"label": "x"}
    assert made.happened == ["started", "closed"]


def test_an_image_that_has_gone_meanwhile_is_not_fetched_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="no such image"):
        container.run(f"{OURS}-gone", tmp_path / "mine", 4711, {})
    assert Made.last.happened == []
