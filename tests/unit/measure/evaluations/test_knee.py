"""The highest sustained rate, against a pipeline of known capacity."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from harness.measure.evaluations.knee import Window, find_knee, is_found
from harness.measure.records import FileRecord, Outcome
from tests.unit.measure.builders import T0, record

pytestmark = pytest.mark.unit

STEP_S = 30.0


def windows(count: int) -> list[Window]:
    return [Window(step * STEP_S, (step + 1) * STEP_S) for step in range(count)]


def load(*rates: float, capacity_per_s: float = 1000.0, seed: int = 3) -> list[FileRecord]:
    """Poisson arrivals in steps, through a queue with one server and exponential service times."""
    generator = random.Random(seed)
    at_s, free_s, made = 0.0, 0.0, []
    while (step := int(at_s / STEP_S)) < len(rates):
        free_s = max(at_s, free_s) + generator.expovariate(capacity_per_s)
        made.append(
            record(
                intended_at=T0 + at_s,
                started_at=T0 + at_s + 0.001,
                closed_at=T0 + at_s + 0.02,
                handler_ended_at=T0 + free_s + 0.1,
            )
        )
        at_s += generator.expovariate(rates[step])
    return made


def knee(records: list[FileRecord], steps: int) -> dict[str, Any]:
    found = find_knee(records, windows(steps))
    assert found is not None
    return found


def verdicts(found: dict[str, Any]) -> list[str]:
    return [step["verdict"] for step in found["steps"]]


@pytest.mark.parametrize("seed", range(5))
def test_the_knee_is_the_last_step_below_the_capacity(seed: int) -> None:
    found = knee(load(10, 20, 30, 40, 50, 60, capacity_per_s=42, seed=seed), 6)
    assert verdicts(found)[:3] == ["sustained"] * 3
    assert verdicts(found)[4:] == ["not_sustained"] * 2
    assert found["sustained_per_s"] == pytest.approx(
        30 if verdicts(found)[3] == "not_sustained" else 40, rel=0.2
    )


def test_each_step_says_what_was_found() -> None:
    found = knee(load(10, 60, capacity_per_s=30), 2)
    first, second = found["steps"]
    assert (first["verdict"], second["verdict"]) == ("sustained", "not_sustained")
    assert second["backlog_slope_per_s"] == pytest.approx(30, rel=0.2)
    assert second["delivered_per_s"] == pytest.approx(30, rel=0.2)
    assert "grew by" in second["reason"]
    assert second["p99_ms"] > first["p99_ms"]
    assert found["first_failed_per_s"] == second["rate_per_s"]


def test_a_pipeline_that_held_every_rate_has_its_limit_higher() -> None:
    found = knee(load(10, 20, 30), 3)
    assert found["sustained_per_s"] == found["steps"][-1]["rate_per_s"]
    assert found["first_failed_per_s"] is None


def test_a_pipeline_that_held_no_rate_has_no_knee() -> None:
    found = knee(load(30, 40, capacity_per_s=10), 2)
    assert (found["sustained_per_s"], found["first_failed_per_s"]) == (None, found["steps"][0]["rate_per_s"])


def test_a_step_with_failures_is_not_sustained() -> None:
    records = load(10, 20)
    for each in records:
        if STEP_S <= each.intended_at - T0 < 1.5 * STEP_S:
            each.outcome = Outcome.FAILED
    found = knee(records, 2)
    assert verdicts(found) == ["sustained", "not_sustained"]
    assert "ended other than expected" in found["steps"][1]["reason"]
    assert found["sustained_per_s"] == found["steps"][0]["rate_per_s"]


def test_a_stall_that_a_higher_rate_made_good_was_no_limit() -> None:
    records = load(10, 20, 30)
    for each in records:
        due_s = each.intended_at - T0
        if STEP_S + 15 <= due_s < 2 * STEP_S:
            each.handler_ended_at = T0 + 2 * STEP_S + 1
    found = knee(records, 3)
    assert verdicts(found) == ["sustained", "not_sustained", "sustained"]
    assert found["sustained_per_s"] == found["steps"][2]["rate_per_s"]
    assert (found["disturbed"], found["first_failed_per_s"]) == (1, None)
    assert "a disturbance" in found["steps"][1]["reason"]


def test_what_waves_hide_is_unknown() -> None:
    """A pipeline that empties its queue every 13 seconds: the step ends in the midst of a wave."""
    records = load(20)
    for each in records:
        each.handler_ended_at = T0 + 6 + 13 * math.ceil((each.intended_at - T0 - 6) / 13)
    found = knee(records, 1)
    assert verdicts(found) == ["unknown"]
    assert "too noisy to tell" in found["steps"][0]["reason"]


def test_files_that_are_to_fail_are_no_failures() -> None:
    records = load(20)
    for each in records[::10]:
        each.outcome, each.kind, each.expects = Outcome.FAILED, "poison", "failed"
    assert verdicts(knee(records, 1)) == ["sustained"]


def test_a_late_generator_says_nothing_about_the_pipeline() -> None:
    records = load(10, 20)
    for each in records:
        if each.intended_at - T0 > STEP_S and each.handler_ended_at is not None:
            each.outcome, each.started_at, each.handler_ended_at = Outcome.NOT_STARTED, None, None
    found = knee(records, 2)
    assert verdicts(found) == ["sustained", "unknown"]
    assert "generator was late" in found["steps"][1]["reason"]
    assert found["first_failed_per_s"] is None


def late_load(uploads_per_s: float, capacity_per_s: float) -> list[FileRecord]:
    """Two steps; in the second one the generator comes to no more than so many uploads per second."""
    records = load(10, 60)
    free_s, done_s = STEP_S, 0.0
    for each in records:
        due_s = each.intended_at - T0
        sent_s = max(due_s, free_s) if due_s > STEP_S else due_s
        free_s = sent_s + 1 / uploads_per_s if due_s > STEP_S else free_s
        done_s = max(sent_s, done_s) + 1 / capacity_per_s
        each.started_at, each.closed_at = T0 + sent_s, T0 + sent_s + 0.01
        each.handler_ended_at = T0 + done_s + 0.1
    return records


def test_what_piles_up_in_a_late_generator_is_not_the_pipeline_s() -> None:
    found = knee(late_load(uploads_per_s=30, capacity_per_s=100), 2)
    assert verdicts(found) == ["sustained", "unknown"]
    assert found["first_failed_per_s"] is None
    assert not is_found(found)


def test_a_pipeline_that_falls_behind_even_a_late_generator_is_at_its_limit() -> None:
    found = knee(late_load(uploads_per_s=40, capacity_per_s=20), 2)
    assert verdicts(found) == ["sustained", "not_sustained"]
    assert found["steps"][1]["backlog_slope_per_s"] == pytest.approx(20, rel=0.2)
    assert "counted from the end of their upload: the generator was late" in found["steps"][1]["reason"]
    assert is_found(found)


def test_files_that_never_ended_are_under_way() -> None:
    records = load(20)
    for each in records[::2]:
        each.outcome, each.handler_ended_at = Outcome.IN_FLIGHT, None
    assert verdicts(knee(records, 1)) == ["not_sustained"]


def test_an_interrupted_load_has_the_steps_that_it_came_to() -> None:
    records = [each for each in load(20, 20, 20, 20) if each.intended_at - T0 < 1.1 * STEP_S]
    found = knee(records, 4)
    assert verdicts(found) == ["sustained", "unknown"]
    assert "too short" in found["steps"][1]["reason"]


def test_without_files_or_steps_there_is_no_answer() -> None:
    assert find_knee([], windows(2)) is None
    assert find_knee(load(10), []) is None
