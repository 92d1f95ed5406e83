"""What tests of real engines share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engines import process
from harness.engines.localstack.host import LocalStackHost


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    """A state folder; a test that leaves a process behind fails, and the process is ended all the same."""
    folder = tmp_path / "state"
    yield folder
    left = process.of_owner(folder)
    process.end_all([], folder, grace_s=0)
    assert not left


@pytest.fixture
def engine(state_dir: Path) -> Iterator[LocalStackHost]:
    """A host engine that is stopped after the test."""
    made = LocalStackHost()
    try:
        yield made
    finally:
        made.stop()
