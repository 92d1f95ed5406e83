"""The time of these tests is that of their world."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.unit.pipeline.quarantine.world import World


@pytest.fixture(autouse=True)
def time_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines see the time that the world's waits take, which is none of ours."""
    clock = SimpleNamespace(monotonic=lambda: World.clock_s)
    monkeypatch.setattr("pipeline.common.deadline.time", clock)
