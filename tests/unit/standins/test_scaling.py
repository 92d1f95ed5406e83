"""Metric math, target tracking, and cooldowns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exceptions import UsageError
from harness.standins.ecs.expression import Expression, Value
from harness.standins.ecs.scaling import Cooldowns, TargetTracking

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("visible / running", 25.0),
        ("(visible + hidden) / running", 26.0),
        ("visible / FILL(running, 1)", 25.0),
        ("visible / FILL(gone, 1)", 100.0),
        ("visible / zero", None),
        ("FILL(visible / zero, visible)", 100.0),
        ("IF(running > 0, visible / running, visible)", 25.0),
        ("IF(zero > 0, visible / zero, visible)", 100.0),
        ("MAX([running, hidden])", 4.0),
        ("MIN([running, 1.5])", 1.5),
        ("SUM([visible, -hidden])", 96.0),
        ("CEIL(visible / 3) - FLOOR(visible / 3)", 1.0),
        ("ABS(hidden - visible)", 96.0),
        ("gone + 1", None),
    ],
)
def test_metric_math(text: str, expected: Value) -> None:
    metrics: dict[str, Value] = {"visible": 100.0, "hidden": 4.0, "running": 4.0, "zero": 0.0, "gone": None}
    assert Expression(text).value(metrics) == expected


@pytest.mark.parametrize(
    "text", ["a +", "a ** b", "__import__('os')", "a.b", "'text'", "SEARCH(a)", "f(a, b=1)", "a and b"]
)
def test_other_expressions_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Expression(text)


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(UsageError, match="'other'"):
        Expression("visible / other").value({"visible": 1.0})


RULE = TargetTracking(target=10, min_capacity=1, max_capacity=8)


@pytest.mark.parametrize(
    ("running", "value", "wanted"),
    [
        (2, 10.0, 2),
        (2, 9.5, 2),
        (2, 11.0, 3),
        (2, 30.0, 6),
        (2, 90.0, 8),
        (4, 5.0, 2),
        (4, 0.0, 1),
        (0, None, 1),
        (3, None, 3),
        (9, 10.0, 8),
    ],
)
def test_capacity_follows_the_metric_within_limits(running: int, value: Value, wanted: int) -> None:
    assert RULE.wanted(running, value) == wanted


def test_scale_in_can_be_disabled() -> None:
    rule = TargetTracking(target=10, min_capacity=1, max_capacity=8, scale_in=False)
    assert rule.wanted(4, 0.0) == 4
    assert rule.wanted(4, 20.0) == 8


@given(st.integers(1, 100), st.floats(0, 1e6))
def test_new_capacity_brings_the_metric_to_its_target(running: int, value: float) -> None:
    rule = TargetTracking(target=10, min_capacity=1, max_capacity=10**9)
    wanted = rule.wanted(running, value)
    backlog = value * running
    if wanted > 1 and not 9 <= value <= 10:
        assert backlog / wanted <= 10 * (1 + 1e-9)
        assert backlog / (wanted - 1) >= 10 * (1 - 1e-9)


def test_cooldowns() -> None:
    rule = TargetTracking(
        target=10, min_capacity=1, max_capacity=8, scale_out_cooldown_s=5, scale_in_cooldown_s=60
    )
    cooldowns = Cooldowns(rule)
    assert cooldowns.decide(1, 4, now_s=100) == 4
    assert cooldowns.decide(4, 8, now_s=104) == 4
    assert cooldowns.decide(4, 8, now_s=105) == 8
    assert cooldowns.decide(8, 1, now_s=164) == 8
    assert cooldowns.decide(8, 8, now_s=164.5) == 8
    assert cooldowns.decide(8, 1, now_s=165) == 1
    assert cooldowns.decide(0, 1, now_s=165) == 1
