"""Slopes in noise."""

from __future__ import annotations

import random

import pytest

from harness.measure.evaluations.trend import MIN_POINTS, trend

pytestmark = pytest.mark.unit


def noisy(slope: float, noise: float, count: int = 60, seed: int = 1) -> tuple[list[float], list[float]]:
    generator = random.Random(seed)
    xs = [float(x) for x in range(count)]
    return xs, [100 + slope * x + generator.gauss(0, noise) for x in xs]


def test_a_line_is_found_exactly() -> None:
    found = trend(*noisy(2.0, 0.0))
    assert found is not None
    assert (found.start, found.slope, found.low, found.high) == pytest.approx((100.0, 2.0, 2.0, 2.0))


def test_outliers_do_not_move_it() -> None:
    xs, ys = noisy(0.0, 0.5)
    ys[10] = ys[40] = 5000.0
    found = trend(xs, ys)
    assert found is not None
    assert found.low < 0 < found.high
    assert abs(found.slope) < 0.05


def test_the_interval_holds_the_true_slope_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        found = trend(*noisy(0.3, 5.0, seed=seed))
        assert found is not None
        held += found.low <= 0.3 <= found.high
    assert 180 <= held <= 199


def test_too_few_points_have_no_trend() -> None:
    assert trend(*noisy(1.0, 0.0, count=MIN_POINTS - 1)) is None
    assert trend(*noisy(1.0, 0.0, count=MIN_POINTS)) is not None
