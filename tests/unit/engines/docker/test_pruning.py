"""Which images of ours are deleted when a new one is made."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests.exceptions
from docker.errors import APIError, ImageNotFound

from harness.engines.docker import client
from harness.engines.docker.build.pruning import prune

pytestmark = pytest.mark.unit

REPOSITORY = "floodgate/localstack"
HOUR_S = 3600


@dataclass
class Image:
    """As Docker's client shows one that was made `age_s` ago."""

    age_s: int
    tags: list[str]

    @property
    def attrs(self) -> dict[str, str]:
        made_at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=self.age_s)
        return {"Created": f"{made_at:%Y-%m-%dT%H:%M:%S.%f}123Z"}


@dataclass
class Images:
    """Those that there are, of which containers use some."""

    found: list[Image]
    used: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    vanishing: bool = False
    removed: list[str] = field(default_factory=list)

    def list(self, name: str) -> list[Image]:
        assert name == REPOSITORY
        if self.vanishing:
            raise ImageNotFound("no such image")
        return self.found

    def remove(self, tag: str) -> None:
        if tag in self.used:
            raise APIError("conflict: unable to remove")
        if tag in self.slow:
            raise requests.exceptions.ReadTimeout("read timed out")
        self.removed.append(tag)


@dataclass
class Docker:
    """A `docker.DockerClient` with images alone."""

    images: Images


def tag(letter: str) -> str:
    return f"{REPOSITORY}:{letter * 12}"


def pruned(monkeypatch: pytest.MonkeyPatch, images: Images, **options: Any) -> list[str]:
    monkeypatch.setattr(client, "connect", lambda: Docker(images))
    prune(REPOSITORY, keep=tag("a"), progress=lambda _line: None, **options)
    return images.removed


def test_the_last_ones_stay_and_older_ones_go(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = "abcdef"
    images = Images([Image((age + 1) * 2 * HOUR_S, [tag(letter)]) for age, letter in enumerate(letters)])
    assert pruned(monkeypatch, images) == [tag("d"), tag("e"), tag("f")]


def test_the_one_that_is_wanted_and_those_of_containers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images([Image(5 * HOUR_S, [tag(letter)]) for letter in "abc"], used=(tag("b"),))
    assert pruned(monkeypatch, images, kept=0) == [tag("c")]


def test_one_that_was_made_a_moment_ago_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process has made it, and is about to start it."""
    images = Images([Image(60, [tag("b")]), Image(2 * HOUR_S, [tag("c")])])
    assert pruned(monkeypatch, images, kept=0) == [tag("c")]


def test_other_names_are_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [f"{REPOSITORY}:0.1.0", f"{REPOSITORY}:mine", "mine/" + tag("b")]
    assert pruned(monkeypatch, Images([Image(9 * HOUR_S, others)]), kept=0) == []


def test_what_goes_wrong_does_not_spoil_the_image_that_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large image takes Docker longer than one call may; another process deletes what was just listed."""
    images = [Image(5 * HOUR_S, [tag(letter)]) for letter in "bc"]
    assert pruned(monkeypatch, Images(images, slow=(tag("b"),)), kept=0) == [tag("c")]
    assert pruned(monkeypatch, Images(images, vanishing=True), kept=0) == []
