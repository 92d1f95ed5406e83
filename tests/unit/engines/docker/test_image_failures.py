"""What is told where our image cannot be made, by what a Docker Engine answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from harness.engines.docker import client, image
from harness.exceptions import EnvironmentNotReadyError, InstallError
from harness.paths import HOME_ENV

pytestmark = pytest.mark.unit

BASE = "mirror/localstack:1"
NO_PROGRAM = 'OCI runtime create failed: exec: "/opt/python": stat /opt/python: No such file or directory'


@dataclass
class Docker:
    """A `docker.DockerClient` with one image, in which no container can be started."""

    refusal: str
    removed: list[dict[str, Any]] = field(default_factory=list)

    @property
    def images(self) -> Any:
        return SimpleNamespace(get=self._image)

    @property
    def containers(self) -> Any:
        return SimpleNamespace(create=lambda *_, **__: self)

    def _image(self, reference: str) -> Any:
        if reference != BASE:
            raise ImageNotFound("no such image")
        return SimpleNamespace(id="sha256:1", attrs={"Architecture": "amd64"})

    def start(self) -> None:
        raise APIError("500 Server Error", explanation=self.refusal)

    def remove(self, **how: Any) -> None:
        self.removed.append(how)


def failure(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> EnvironmentNotReadyError:
    monkeypatch.setattr(client, "connect", lambda: docker)
    with pytest.raises(EnvironmentNotReadyError) as caught:
        image.ensure(lambda _line: None, BASE)
    return caught.value


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_ENV, str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_image_without_localstacks_python_is_none_of_localstack(monkeypatch: pytest.MonkeyPatch) -> None:
    docker = Docker(NO_PROGRAM)
    assert "is no image of LocalStack" in failure(docker, monkeypatch).message
    assert docker.removed == [{"force": True, "v": True}]


def test_another_refusal_is_told_as_docker_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    docker = Docker("no space left on device")
    told = failure(docker, monkeypatch).message
    assert "no space left on device" in told
    assert "is no image of LocalStack" not in told
    assert docker.removed == [{"force": True, "v": True}]


def test_a_folder_that_cannot_be_written_is_told_with_its_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("a file where the folder of environments should be")
    refused = failure(Docker(NO_PROGRAM), monkeypatch)
    assert isinstance(refused, InstallError)
    assert str(home) in refused.message
