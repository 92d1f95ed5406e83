"""The Docker Engine: can it be used, is it new and large enough, are the images there."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.doctor.engines.compose import version_of
from harness.doctor.finding import Finding, failed, note, ok, warning
from harness.doctor.host.size import GIB, GOOD_MEMORY_BYTES
from harness.engines.docker import client
from harness.engines.docker import image as image_of_ours

OLDEST = (20, 10)
"""Tried: the release that Debian 12 has. Before it, `docker build` and cgroup limits differ."""

NEEDED_DISK_BYTES = 3 * GIB
"""LocalStack's image has 1.2 GiB, ours adds to it, and containers write."""

NO_PACKAGE = "package"
"""Kind of problem: the Docker Engine was not asked, because our package for that is missing."""

Problem = Callable[[], client.Problem | None]


def engine(problem: Problem = client.docker_problem) -> Iterator[Finding]:
    """Look whether the Docker Engine can be used; without our package for it, as its own program sees it."""
    found = problem()
    if found is not None and found.kind == NO_PACKAGE:
        yield _by_program(version_of(("docker", "version", "--format", "{{.Server.Version}}")))
        return
    if found is not None:
        yield failed("docker.engine", found.message, fix=found.hint, kind=found.kind)
        return
    docker = client.connect()
    with client.translated("asking the Docker Engine about itself"):
        yield from _of_info(docker.info())


def package(problem: Problem = client.docker_problem) -> Iterator[Finding]:
    """Look for the Python package that `--engine localstack:docker` needs, and Compose does not."""
    found = problem()
    if found is not None and found.kind == NO_PACKAGE:
        yield failed("docker.package", found.message, fix=found.hint)


def _by_program(release: str | None) -> Finding:
    if release is not None:
        return ok("docker.engine", f"Docker Engine {release}, as `docker` says", version=release)
    fix = "does `docker version` work? https://docs.docker.com/engine/install/"
    return failed("docker.engine", "`docker` is not installed, or does not reach a Docker Engine", fix=fix)


def _of_info(info: Mapping[str, Any]) -> Iterator[Finding]:
    release = str(info.get("ServerVersion", "unknown"))
    summary = f"Docker Engine {release} ({info.get('OperatingSystem', 'unknown system')})"
    if _numbers(release) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield warning(
            "docker.engine", f"{summary}: older than {oldest}", fix="install a newer one", version=release
        )
    elif info.get("OSType", "linux") != "linux":
        yield failed(
            "docker.engine", f"{summary} runs Windows containers", fix="switch it to Linux containers"
        )
    else:
        yield ok("docker.engine", summary, version=release)
    yield _memory(int(info.get("MemTotal") or 0))
    yield from _disk(info)


def _memory(total_bytes: int) -> Finding:
    """On macOS and Windows the Docker Engine has a machine of its own, which is often a small one."""
    summary = f"its machine has {total_bytes / GIB:.1f} GiB of memory"
    if 0 < total_bytes < GOOD_MEMORY_BYTES:
        fix = "give it 2 GiB or more (Docker Desktop: Settings, Resources)"
        return warning("docker.memory", summary, fix=fix, total_bytes=total_bytes)
    return ok("docker.memory", summary, total_bytes=total_bytes)


def _disk(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Look at the room for images and containers, where the Docker Engine is on this machine."""
    root = Path(str(info.get("DockerRootDir", "")))
    if info.get("Name") != platform.node() or not root.is_dir():
        return
    free = shutil.disk_usage(root).free
    summary = f"{free / GIB:.1f} GiB free for images and containers ({root})"
    if free < NEEDED_DISK_BYTES:
        yield warning("docker.disk", summary, fix="docker system df tells what takes it up", free_bytes=free)
    else:
        yield ok("docker.disk", summary, free_bytes=free)


def image(
    problem: Problem = client.docker_problem,
    has: Callable[[str], bool] | None = None,
    find: Callable[[], str | None] = image_of_ours.find,
) -> Iterator[Finding]:
    """Look whether our image is made, or else the one that it is made from is there; without an engine there
    is nothing to say.
    """
    if problem() is not None:
        return
    base = image_of_ours.base()
    if made := find():
        yield ok("docker.image", f"the image {made} (from {base}) is made", image=made, base=base)
    elif (has or _has_image)(base):
        yield ok("docker.image", f"{base} is there; the first start makes our image of it", base=base)
    else:
        yield note(
            "docker.image",
            f"{base} is not there; the first start fetches it, and needs its registry",
            fix=f"docker pull {base}; where no registry can be reached: docker load -i FILE, or "
            f"{image_of_ours.BASE_ENV} names an image that is here",
            base=base,
        )


def _has_image(name: str) -> bool:
    from docker.errors import ImageNotFound

    docker = client.connect()
    with client.translated(f"looking for the image {name}"):
        try:
            docker.images.get(name)
        except ImageNotFound:
            return False
    return True


def _numbers(release: str) -> tuple[int, ...]:
    """Return `(20, 10)` of `20.10.24+dfsg1`; no numbers are as good as new."""
    words = release.split(".")[:2]
    return tuple(int(word) for word in words) if all(word.isdecimal() for word in words) else OLDEST
