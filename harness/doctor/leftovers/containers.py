"""Containers of stacks whose folders are gone, known by their labels.

A container whose stack still has its folder is no leftover: that stack's own commands remove it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.doctor.finding import Finding, ok, warning
from harness.engines.docker import client, labels


@dataclass(frozen=True)
class Leftover:
    """A container of ours without a stack.

    :param is_of_this_machine: its Docker Engine runs where we do, so that a folder that is not to be seen is
        gone, and not one of another machine or of another container
    """

    id: str
    name: str
    stack: str
    is_of_this_machine: bool


def find() -> list[Leftover]:
    """Return all of them; nothing where Docker cannot be used.

    :raises EnvironmentNotReadyError: the Docker Engine refuses to list them
    """
    if client.docker_problem() is not None:
        return []
    docker = client.connect()
    with client.translated("looking for containers of stacks that are gone"):
        ours = docker.containers.list(all=True, filters={"label": labels.STACK}, ignore_removed=True)
        is_here = docker.info().get("Name") == platform.node()
    return [
        Leftover(each.id, each.name, each.labels[labels.STACK], is_here)
        for each in ours
        if is_left_over(each.labels)
    ]


def is_left_over(given: Mapping[str, str]) -> bool:
    """Tell by a container's labels; one that names no folder (Compose), or one that this user may not look
    into (another user's), is not ours to judge.
    """
    home = given.get(labels.HOME, "")
    try:
        return home.startswith("/") and not Path(home).exists()
    except OSError:
        return False


def look(
    search: Callable[[], Sequence[Leftover]] = find,
    problem: Callable[[], client.Problem | None] = client.docker_problem,
) -> Iterator[Finding]:
    """Look for them; where Docker cannot be used there is nothing to say."""
    if problem() is not None:
        return
    found = search()
    if not found:
        yield ok("leftovers.containers", "no container is left of a stack that is gone")
        return
    names = [each.name for each in found]
    certain = all(each.is_of_this_machine for each in found)
    by_hand = f"docker rm -f -v {' '.join(names)}"
    unsure = f"{by_hand}, unless they are of a stack on another machine, or in another container"
    yield warning(
        "leftovers.containers",
        f"containers of stacks whose folders are not here: {', '.join(names)}",
        fix=f"floodgate doctor --fix, or {by_hand}" if certain else unsure,
        mendable=certain,
        containers=names,
        stacks=sorted({each.stack for each in found}),
    )


def remove(leftover: Leftover) -> None:
    """Remove one with its volumes; one that has gone meanwhile is no error.

    :raises EnvironmentNotReadyError: the Docker Engine refuses
    """
    from docker.errors import NotFound

    docker = client.connect()
    with client.translated(f"removing the container {leftover.name}"):
        try:
            docker.containers.get(leftover.id).remove(force=True, v=True)
        except NotFound:
            return
