"""Each Python that Floodgate supports, in a container: installed, LocalStack chosen, files moved."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docker.python_container import smoke_run, summary_of
from tests.missing import skip_unless_ci

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]  # a first test also builds images

LOCALSTACK = {"3.11": "4.9.2", "3.12": "4.9.2", "3.13": "4.14.0"}
"""Python to the LocalStack that runs on it."""
NO_IMAGES_VARIABLE = "FLOODGATE_CI_NO_IMAGES"
"""What CI could not get, a line `<image>: cannot be had: <why>` for each."""


@pytest.fixture(scope="module")
def cache(docker: Any) -> Iterator[str]:
    """A volume for what is downloaded, the same for all Pythons."""
    volume = docker.volumes.create(f"floodgate-test-pythons-{uuid.uuid4().hex[:12]}")
    try:
        yield volume.name
    finally:
        volume.remove(force=True)


def require_image(docker: Any, image: str) -> None:
    """Skip the test without the image; in CI it fails, unless CI has told why there is none."""
    if docker.images.list(name=image):
        return
    told = [
        line for line in os.environ.get(NO_IMAGES_VARIABLE, "").splitlines() if line.startswith(f"{image}: ")
    ]
    if told:
        pytest.skip(f"NO IMAGE {told[0]}")
    skip_unless_ci(f"there is no image {image}: docker pull {image}, or .ci/base-images {image}")


@pytest.mark.parametrize(("python", "localstack"), LOCALSTACK.items())
def test_a_clean_install_moves_files(docker: Any, cache: str, python: str, localstack: str) -> None:
    image = f"python:{python}-slim"
    require_image(docker, image)
    with smoke_run(docker, image, cache) as (code, output, container):
        assert code == 0, output
        summary = summary_of(container)
    assert summary["provenance"]["machine"]["python"].startswith(f"{python}.")
    assert summary["engine"]["version"] == localstack
    files = summary["files"]
    assert files["delivered"] == files["offered"] > 0
