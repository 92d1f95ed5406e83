"""One container of a stack: made through testcontainers, found again by its labels."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines import ports
from harness.engines.base import Progress
from harness.engines.docker import client as docker_client
from harness.engines.docker import labels, settings
from harness.exceptions import EnvironmentNotReadyError

_USER = "10001:10001"
"""Nobody on this machine; LocalStack and the functions need no root."""
_LOG_MAX = {"max-size": "100m", "max-file": "3"}
"""What Docker keeps of a log; a stack of weeks must not fill its disk."""

_LAST_LINES = 20


@dataclass(frozen=True)
class State:
    """What Docker says about a container. One that is paused answers nobody: it does not run."""

    running: bool
    exit_code: int | None


def run(image: str, state_dir: Path, port: int, container_labels: dict[str, str]) -> None:
    """Start a container that listens on `127.0.0.1:<port>`.

    :raises EnvironmentNotReadyError: Docker refuses; with `PORT_TAKEN` in the message where that is why
    """
    from testcontainers.core.container import DockerContainer

    with docker_client.translated("starting the container"), _without_ryuk():
        made = DockerContainer(image, name=_name(state_dir), env=settings.environment(port))
        # By its id: one that is gone would be fetched by its name, which on a registry is anybody's.
        made.image = docker_client.connect().images.get(image).id
        made.with_kwargs(
            labels=container_labels,
            init=True,
            user=_USER,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            log_config={"type": "json-file", "config": _LOG_MAX},
            detach=True,
        )
        published: Any = made.ports  # an address of the host is possible here, though the types do not say so
        published[f"{port}/tcp"] = (ports.HOST, port)
        with contextlib.closing(made.get_docker_client().client):  # each container comes with one of its own
            made.start()


PORT_TAKEN = ("port is already allocated", "address already in use")
"""What the Docker Engine says when another process has the port."""


def find(state_dir: Path) -> list[Any]:
    """Return the containers of a stack's folder, running or not.

    :raises EnvironmentNotReadyError: there is no Docker Engine that this user may use
    """
    docker = docker_client.connect()
    with docker_client.translated("looking for the stack's container"):
        found: list[Any] = docker.containers.list(
            all=True, filters={"label": f"{labels.HOME}={state_dir}"}, ignore_removed=True
        )
    return found


def state_of(state_dir: Path) -> State | None:
    """Return how the stack's container is; None where there is none."""
    found = find(state_dir)
    if not found:
        return None
    state = found[0].attrs["State"]
    running = bool(state["Running"]) and not state["Paused"]
    return State(running, None if running else int(state["ExitCode"]))


def save_log(state_dir: Path, file: Path) -> None:
    """Write what the container has said so far; nothing where there is none.

    :raises OSError: the file cannot be written
    """
    for each in find(state_dir):
        with docker_client.translated("reading the container's log"):
            text: bytes = each.logs()
        half_written = file.with_name(f"{file.name}.new")
        half_written.write_bytes(settings.masked(text, each.attrs["Config"]["Env"]))
        half_written.replace(file)


def has_said(state_dir: Path, mark: bytes) -> bool:
    """Tell whether the last lines of the stack's container's log have `mark`."""
    with docker_client.translated("reading the container's log"):
        return any(mark in each.logs(tail=_LAST_LINES) for each in find(state_dir))


def remove(state_dir: Path) -> None:
    """End and remove the stack's containers, with their volumes. Nothing to do is no error."""
    from docker import errors

    for each in find(state_dir):
        with docker_client.translated("removing the container"):
            try:
                each.remove(force=True, v=True)
            except errors.NotFound:
                continue


def sweep(stacks: Path, progress: Progress) -> None:
    """Remove containers of stacks whose folders in `stacks` are gone: somebody has deleted these by hand.

    Containers of stacks elsewhere are left alone, because a folder that is not to be seen here may be one of
    another machine; `floodgate doctor` tells of them.
    """
    docker = docker_client.connect()
    with docker_client.translated("looking for containers of stacks that are gone"):
        ours = docker.containers.list(all=True, filters={"label": labels.HOME}, ignore_removed=True)
    for home in sorted({Path(each.labels[labels.HOME]) for each in ours}):
        if home.parent == stacks and not home.exists():
            progress(f"LocalStack: removing the container that the stack {home.name!r} left")
            remove(home)


def _name(state_dir: Path) -> str:
    """Return what `docker ps` shows; the folder is part of it, as another user's stack may have the name."""
    return f"floodgate-{state_dir.name}-{hashlib.sha256(str(state_dir).encode()).hexdigest()[:6]}"


@contextmanager
def _without_ryuk() -> Iterator[None]:
    """Have testcontainers start no container of its own that ends ours with this process.

    A stack may be kept; the stack's watcher ends it with its owner, and needs no other image.
    """
    from testcontainers.core.config import testcontainers_config as config

    before = config.ryuk_disabled
    config.ryuk_disabled = True
    try:
        yield
    finally:
        config.ryuk_disabled = before


def port_was_taken(error: EnvironmentNotReadyError) -> bool:
    """Tell whether a start failed for the port."""
    return any(mark in error.message for mark in PORT_TAKEN)
