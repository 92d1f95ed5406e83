"""What `docker build` gets: our plugin and the Lambda runtime as unpacked wheels; it needs no network then.

The wheels are made on this machine, for the image's Python and architecture, from the committed pins.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.engines.base import Progress
from harness.environments import uv
from harness.environments.recipes import BUILD_PINS, PINS_DIR, PLUGIN_DIR, project_sources
from harness.exceptions import EnvironmentNotReadyError

_HERE = Path(__file__).parent
_FILES = (_HERE / "Dockerfile", _HERE / "warm_up.py", _HERE / "install.py")
_LAMBDA_PINS = PINS_DIR / "lambda-runtime.txt"
_TITLE = "LocalStack image"
_PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
"""Docker's name of an architecture to uv's; the images are Debian's, from glibc 2.28 on."""


@dataclass(frozen=True)
class Target:
    """For what the wheels are.

    :param python: such as `3.13`
    :param architecture: as Docker names it, such as `amd64`
    """

    python: str
    architecture: str


def inputs_key() -> str:
    """Return a hash of everything of ours that goes into the image."""
    digest = hashlib.sha256()
    for part in _inputs():
        digest.update(part + b"\0")
    return digest.hexdigest()[:12]


def write(folder: Path, target: Target, progress: Progress) -> None:
    """Fill a folder with all that the build needs.

    :raises InstallError: the wheels could not be had
    :raises EnvironmentNotReadyError: there are none for such an architecture
    """
    platform = _PLATFORMS.get(target.architecture)
    if platform is None:
        raise EnvironmentNotReadyError(
            f"the image is for {target.architecture}, for which Floodgate has no packages",
            hint=f"LOCALSTACK_IMAGE names another one; architectures: {', '.join(sorted(_PLATFORMS))}",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file in _FILES:
        shutil.copy(file, folder)
    version = ["--python-version", target.python]
    _install(folder / "plugin", [*version, "--build-constraints", str(BUILD_PINS), str(PLUGIN_DIR)], progress)
    wheels = ["--python-platform", platform, "--only-binary", ":all:", "--requirement", str(_LAMBDA_PINS)]
    _install(folder / "lambda", [*version, *wheels], progress)


def _install(target: Path, arguments: list[str], progress: Progress) -> None:
    command = ["pip", "install", "--no-deps", "--target", str(target), *arguments]
    uv.run(command, cwd=target.parent, progress=progress, title=_TITLE)


def _inputs() -> Iterator[bytes]:
    for file in (*_FILES, _LAMBDA_PINS, BUILD_PINS):
        yield file.read_bytes()
    yield from project_sources(PLUGIN_DIR)
