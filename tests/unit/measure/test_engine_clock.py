"""The offset of another machine's clock from whole seconds."""

from __future__ import annotations

import math

import pytest

from harness.measure.engine_clock import Probe, bound, is_elsewhere

pytestmark = pytest.mark.unit


def probes(ahead_s: float, *, way_s: float, amount: int = 24, every_s: float = 0.05) -> list[Probe]:
    """Return what a server tells whose clock is so far ahead; each way takes `way_s`."""
    asked = [1000.37 + number * (every_s + 2 * way_s) for number in range(amount)]
    return [Probe(at, at + 2 * way_s, math.floor(at + way_s + ahead_s)) for at in asked]


@pytest.mark.parametrize("ahead_s", [0.0, 0.25, -0.25, 3.7, -86_400.1])
def test_the_offset_is_found_within_its_error(ahead_s: float) -> None:
    found = bound(probes(ahead_s, way_s=0.004))
    assert found is not None
    assert abs(found.ahead_s - ahead_s) <= found.error_s < 0.05


def test_one_answer_knows_the_second_only() -> None:
    found = bound(probes(0.25, way_s=0.01, amount=1))
    assert found is not None
    assert found.error_s == pytest.approx(0.51)


def test_without_answers_or_with_a_clock_that_jumps_nothing_is_known() -> None:
    assert bound([]) is None
    assert bound([Probe(0, 0.1, 0), Probe(0.2, 0.3, 50)]) is None


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("http://127.0.0.1:4566", False),
        ("http://[::1]:4566", False),
        ("http://localhost:4566", False),
        ("http://x.localhost:4566", False),
        ("http://10.0.0.7:4566", True),
        ("https://engine.example:443", True),
    ],
)
def test_addresses_of_this_machine_need_no_measuring(url: str, elsewhere: bool) -> None:
    assert is_elsewhere(url) is elsewhere
