"""From the engine's totals to figures over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.engines.localstack.live import LiveFigures
from harness.measure.sampling.engine import EngineSource
from tests.unit.measure.builders import DESCRIPTION

pytestmark = pytest.mark.unit

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:parent"
STACK = replace(
    DESCRIPTION,
    functions={"worker": "stack-worker", "recorder": "stack-recorder"},
    state_machines={"parent": MACHINE},
)


def function(**changes: float) -> dict[str, float]:
    nothing = ("invocations", "errors", "throttles", "duration_ms", "running", "peak", "busy_s")
    return dict.fromkeys(nothing, 0.0) | changes


def figures(at: float, **changes: Any) -> LiveFigures:
    nothing: dict[str, Any] = {"functions": {}, "executions": {}, "queues": {}, "cpu_s": 0.0, "asked": 1}
    return LiveFigures(at=at, **{**nothing, **changes})


class Engine:
    """Gives prepared answers, and notes since when it was asked for peaks."""

    def __init__(self, *answers: LiveFigures) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []

    def read(self, since: float) -> LiveFigures:
        self.asked.append(since)
        return self.answers.pop(0)


def readings(source: EngineSource, times: int) -> dict[str, float]:
    """Return the last of so many looks."""
    found: dict[str, float] = {}
    for _ in range(times):
        found = {reading.name: reading.value for reading in source.read(1.0)}
    return found


def test_a_queue_is_as_deep_as_all_its_messages() -> None:
    queue = {"visible": 5, "in_flight": 3, "delayed": 1, "oldest_age_s": 2.5, "receives": 2}
    engine = Engine(figures(10.0, queues={"work": queue, "of-another-stack": queue}))
    assert readings(EngineSource(engine.read, STACK), 1) == {
        "queue.work.depth": 9,
        "queue.work.oldest_age": 2.5,
        "queue.work.receives": 2,
    }


def test_rates_are_growth_between_two_looks() -> None:
    before = function(invocations=100, errors=1, duration_ms=5000)
    after = function(invocations=120, errors=3, throttles=4, duration_ms=6000, peak=7)
    engine = Engine(
        figures(10.0, functions={"stack-worker": before}), figures(12.0, functions={"stack-worker": after})
    )
    assert readings(EngineSource(engine.read, STACK), 2) == {
        "lambda.worker.concurrency": 7,
        "lambda.worker.invocations": 10,
        "lambda.worker.errors": 1,
        "lambda.worker.throttles": 2,
        "lambda.worker.duration": 50,
    }
    assert engine.asked == [1.0, 10.0]


def test_without_invocations_there_is_no_duration() -> None:
    engine = Engine(figures(10.0), figures(12.0, functions={"stack-worker": function()}))
    assert "lambda.worker.duration" not in readings(EngineSource(engine.read, STACK), 2)


def test_executions_run_begin_and_fail() -> None:
    engine = Engine(
        figures(10.0, executions={MACHINE: {"started": 10, "running": 1, "failed": 0}}),
        figures(12.0, executions={MACHINE: {"started": 14, "running": 2, "failed": 1}}),
    )
    assert readings(EngineSource(engine.read, STACK), 2) == {
        "sfn.parent.running": 2,
        "sfn.parent.started": 2.0,
        "sfn.parent.failed": 0.5,
    }


def test_totals_are_of_the_run_and_not_of_the_engine() -> None:
    first = function(invocations=100, duration_ms=900)
    second = function(invocations=110, duration_ms=950, peak=4)
    third = function(invocations=120, duration_ms=1300, peak=2)
    engine = Engine(
        figures(10.0, functions={"stack-worker": first}, cpu_s=1.0),
        figures(12.0, functions={"stack-worker": second}, cpu_s=1.2),
        figures(14.0, functions={"stack-worker": third}, cpu_s=1.5),
    )
    source = EngineSource(engine.read, STACK)
    readings(source, 3)
    (used,) = source.functions().values()
    assert (used.invocations, used.duration_mean_ms, used.concurrency_max) == (20, 20.0, 4)
    assert source.engine_cpu_s == 0.5


def test_an_engine_that_never_answered_has_no_totals() -> None:
    source = EngineSource(Engine().read, STACK)
    assert (source.functions(), source.engine_cpu_s) == ({}, 0.0)
