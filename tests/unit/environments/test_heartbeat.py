"""Long silence is broken, short work is not talked about."""

from __future__ import annotations

import threading

import pytest

from harness.environments.heartbeat import heartbeat

pytestmark = pytest.mark.unit


def test_tells_that_work_goes_on() -> None:
    beat = threading.Event()
    told: list[str] = []

    def progress(line: str) -> None:
        told.append(line)
        beat.set()

    with heartbeat(progress, "Engine", interval_s=0.01):
        assert beat.wait(10)
    assert told[0].startswith("Engine: still at work")


def test_is_silent_when_the_work_is_done_soon() -> None:
    told: list[str] = []
    with heartbeat(told.append, "Engine", interval_s=60):
        pass
    assert told == []
