"""Deleting images of ours that nobody uses, so that old plugins do not fill Docker's disk.

The last ones made stay, because two checkouts on one machine take turns.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from typing import Any

from harness.engines.base import Progress
from harness.engines.docker import client as docker_client
from harness.exceptions import EnvironmentNotReadyError

KEPT = 3
MIN_AGE_S = 3600
"""One that was made a moment ago may be about to be started by whoever made it."""


def prune(
    repository: str, *, keep: str, progress: Progress, kept: int = KEPT, min_age_s: float = MIN_AGE_S
) -> None:
    """Delete all but the last `kept` images, those younger than `min_age_s`, and those of containers.

    What Docker does not delete now, or lists no more, is left to the next one that makes an image.

    :param repository: of ours; only names that end in a hash count, others are somebody's own
    :param keep: the name that is wanted now
    """
    docker = docker_client.connect()
    made: list[Any] = []
    with contextlib.suppress(EnvironmentNotReadyError), docker_client.translated("looking for old images"):
        made = docker.images.list(name=repository)
    ours = re.compile(rf"{re.escape(repository)}:[0-9a-f]{{12}}")
    tags = [(_age_s(image), tag) for image in made for tag in image.tags if ours.fullmatch(tag)]
    for age_s, tag in sorted(tags)[kept:]:
        if age_s > min_age_s and tag != keep:
            _delete(docker, tag, progress)


def _delete(docker: Any, tag: str, progress: Progress) -> None:
    """Delete an image, unless a container uses it, it has gone, or Docker takes too long."""
    with contextlib.suppress(EnvironmentNotReadyError):
        with docker_client.translated(f"deleting {tag}"):
            docker.images.remove(tag)
        progress(f"deleted the old image {tag}")


def _age_s(image: Any) -> float:
    made_at = datetime.datetime.fromisoformat(image.attrs["Created"][:19] + "+00:00")
    return (datetime.datetime.now(datetime.UTC) - made_at).total_seconds()
