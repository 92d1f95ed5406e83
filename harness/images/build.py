"""`make images`: wheels into `wheels/`, and the images that docker-compose.yml names."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

from harness.engines.base import Progress
from harness.environments.recipes import PINS_DIR
from harness.exceptions import EnvironmentNotReadyError
from harness.images import wheels

ROOT = Path(__file__).parents[2]
"""The repository, which is the context of every build."""
IMAGES = ("harness", "localstack")
REQUIREMENTS = (
    ROOT / "requirements" / "runtime.txt",
    ROOT / "pipeline" / "requirements.txt",
    PINS_DIR / "lambda-runtime.txt",
    PINS_DIR / "build.txt",
)


def build_all(progress: Progress) -> None:
    """Download what is missing of the wheels and build the images.

    :raises InstallError: wheels could not be had
    :raises EnvironmentNotReadyError: an image could not be built
    """
    wheels.fill(ROOT / "wheels", REQUIREMENTS, progress)
    for name in IMAGES:
        progress(f"image: {name}")
        _build(name, f"floodgate/{name}:{version('floodgate-harness')}")


def _build(name: str, tag: str) -> None:
    command = ["docker", "build", "--file", f"harness/images/{name}.Dockerfile", "--tag", tag, "."]
    try:
        done = subprocess.run(command, cwd=ROOT, check=False)
    except FileNotFoundError as exc:
        raise EnvironmentNotReadyError("there is no program docker", hint="floodgate doctor") from exc
    if done.returncode:
        raise EnvironmentNotReadyError(
            f"{' '.join(command)} ended with {done.returncode}", hint="the lines above name the cause"
        )
