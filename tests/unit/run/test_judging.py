"""What a workload asks of the whole run."""

from __future__ import annotations

import pytest

from harness.load.workload import Workload
from harness.measure.sampling.series import Samples
from harness.run.judging import SLOPE_PARTS, figures_of, steps_of
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def workload(**changes: object) -> Workload:
    return Workload.model_validate({"description": "a test", "rate_per_s": 10.0, "minutes": 2.0, **changes})


def test_each_level_is_a_step() -> None:
    asked = workload(profile={"kind": "ramp", "factor": 4.0, "steps": 4})
    assert [(step.from_s, step.to_s) for step in steps_of(asked)] == [(0, 30), (30, 60), (60, 90), (90, 120)]


def test_a_straight_rise_is_cut_into_parts() -> None:
    steps = list(steps_of(workload(profile={"kind": "ramp", "factor": 4.0})))
    assert len(steps) == SLOPE_PARTS
    assert (steps[0].from_s, steps[-1].to_s) == pytest.approx((0.0, 120.0))


def test_a_pause_is_no_step() -> None:
    levels = [{"factor": 1.0}, {"factor": 0.0}, {"factor": 2.0}]
    steps = list(steps_of(workload(profile={"kind": "steps", "levels": levels})))
    assert [(step.from_s, step.to_s) for step in steps] == [(0, 40), (80, 120)]


def test_only_what_was_asked_is_worked_out() -> None:
    settled = builders.settlement([builders.record(number) for number in range(100)])
    nothing = figures_of(workload(), settled, builders.resources(), Samples())
    assert (nothing.knee, nothing.drift) == (None, None)
    both = figures_of(workload(evaluations=["knee", "drift"]), settled, builders.resources(), Samples())
    assert both.knee is not None
    assert both.drift is not None
    assert {figure["name"] for figure in both.drift["figures"]} >= {"memory.engine", "latency.p99"}
