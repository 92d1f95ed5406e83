"""Deleting images of ours that nobody has used for a while, so that old plugins do not fill Docker's disk."""

from __future__ import annotations

import datetime
import re
from typing import Any

from harness.engines.base import Progress
from harness.engines.docker import client as docker_client

UNUSED_AFTER_S = 14 * 24 * 3600


def prune(repository: str, *, keep: str, progress: Progress, unused_after_s: float = UNUSED_AFTER_S) -> None:
    """Delete images that were made longer than `unused_after_s` ago and that no container uses.

    :param repository: of ours; only names that end in a hash count, others are somebody's own
    :param keep: the name that is wanted now
    """
    docker = docker_client.connect()
    with docker_client.translated("looking for old images"):
        made = docker.images.list(name=repository)
    ours = re.compile(rf"{re.escape(repository)}:[0-9a-f]{{12}}")
    for image in made:
        if _age_s(image) > unused_after_s:
            for tag in image.tags:
                if tag != keep and ours.fullmatch(tag):
                    _delete(docker, tag, progress)


def _delete(docker: Any, tag: str, progress: Progress) -> None:
    from docker import errors

    try:
        docker.images.remove(tag)
    except errors.APIError:
        return  # a container uses it, or it has gone
    progress(f"deleted the old image {tag}")


def _age_s(image: Any) -> float:
    made_at = datetime.datetime.fromisoformat(image.attrs["Created"][:19] + "+00:00")
    return (datetime.datetime.now(datetime.UTC) - made_at).total_seconds()
