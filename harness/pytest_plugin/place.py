"""What the processes of one test run agree on before any of them needs a stack; costs nothing to import."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.locks import exclusive
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
    def failure_file(self) -> Path:
        return stacks_dir() / f"{self.name}.pytest.failed"


@contextmanager
def alone(stack: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Let one process of all test runs at a time do something with a stack that is under test.

    The lock's file is there only while it is held, so that none is left of a test run that was killed later.
    """
    lock_file = stacks_dir() / f"{stack}.pytest.lock"
    with exclusive(lock_file, on_wait=on_wait):
        try:
            yield
        finally:
            lock_file.unlink(missing_ok=True)


_PLACE = pytest.StashKey[Place]()


def place_of(config: pytest.Config) -> Place:
    """Return the place of this process's test run."""
    place: Place = config.stash[_PLACE]
    return place


def has_place(config: pytest.Config) -> bool:
    """Tell whether `set_place` was reached: another plugin may have refused the configuration before."""
    return _PLACE in config.stash


def set_place(config: pytest.Config) -> None:
    """Settle the place: a new one, or in a worker the one that was handed to it."""
    handed = getattr(config, "workerinput", None)
    config.stash[_PLACE] = Place.new() if handed is None else Place.handed(handed)


def clear_marks(place: Place) -> None:
    """Remove the file by which the processes of the run have agreed."""
    place.failure_file.unlink(missing_ok=True)
