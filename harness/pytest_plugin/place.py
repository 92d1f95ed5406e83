"""What the processes of one test run agree on before any of them needs a stack; costs nothing to import."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.paths import stacks_dir

_KEY = "floodgate"


@dataclass(frozen=True)
class Place:
    """What all processes of one test run agree on."""

    name: str
    """Of the stack."""
    owner_pid: int
    """The process that started the test run."""

    @classmethod
    def new(cls) -> Place:
        """Return the place of a test run that this process starts."""
        return cls(f"pytest-{os.getpid()}-{secrets.token_hex(3)}", os.getpid())

    @classmethod
    def handed(cls, worker_input: Mapping[str, Any]) -> Place:
        """Return the place that the process which started this worker has chosen."""
        return cls(**worker_input[_KEY])

    def hand(self, worker_input: dict[str, Any]) -> None:
        """Tell a worker; xdist carries plain values only."""
        worker_input[_KEY] = {"name": self.name, "owner_pid": self.owner_pid}

    @property
    def folder(self) -> Path:
        """Of the stack: there is one while this exists."""
        return stacks_dir() / self.name

    @property
    def lock_file(self) -> Path:
        """Held while the stack is started, and while a scenario runs on it."""
        return stacks_dir() / f"{self.name}.pytest.lock"

    @property
    def failure_file(self) -> Path:
        return stacks_dir() / f"{self.name}.pytest.failed"


_PLACE = pytest.StashKey[Place]()


def place_of(config: pytest.Config) -> Place:
    """Return the place of this process's test run."""
    place: Place = config.stash[_PLACE]
    return place


def set_place(config: pytest.Config) -> None:
    """Settle the place: a new one, or in a worker the one that was handed to it."""
    handed = getattr(config, "workerinput", None)
    config.stash[_PLACE] = Place.new() if handed is None else Place.handed(handed)


def clear_marks(place: Place) -> None:
    """Remove the files by which the processes of the run have agreed."""
    for leftover in (place.failure_file, place.lock_file):
        leftover.unlink(missing_ok=True)
