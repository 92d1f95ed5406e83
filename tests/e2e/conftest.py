"""One state folder per test, cleared whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.floodgate import Floodgate


@pytest.fixture
def floodgate(tmp_path: Path) -> Iterator[Floodgate]:
    command = Floodgate(tmp_path / "state")
    try:
        yield command
    finally:
        command.clear()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floodgate]:
    """A state folder that a module's tests share, with the stack `kept` up."""
    command = Floodgate(tmp_path_factory.mktemp("kept"))
    try:
        started = command.run("up", "--name", "kept", "--customers", "3")
        assert started.code == 0, started.err
        yield command
    finally:
        command.clear()
