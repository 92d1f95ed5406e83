from __future__ import annotations

from itertools import islice, pairwise
from statistics import mean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.schedule import UNIT_PROCESSES, SteadyRate, offsets

pytestmark = pytest.mark.unit

RATE_PER_S = 11.6


def take(count: int, arrivals="poisson", seed: int = 1, rate_per_s: float = RATE_PER_S) -> list[float]:
    return list(islice(offsets(arrivals, SteadyRate(rate_per_s), seed), count))


def test_constant_arrivals_are_evenly_spaced_from_the_start():
    assert take(4, "constant", rate_per_s=10.0) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_poisson_gaps_have_the_mean_and_variance_of_an_exponential():
    gaps = [after - before for before, after in pairwise([0.0, *take(50_000)])]
    assert mean(gaps) * RATE_PER_S == pytest.approx(1.0, rel=0.02)
    assert pvariance(gaps) * RATE_PER_S**2 == pytest.approx(1.0, rel=0.05)


def test_poisson_counts_per_second_have_a_variance_like_their_mean():
    times = take(116_000)
    counts = [0] * 9_900
    for time in times:
        if time < len(counts):
            counts[int(time)] += 1
    assert mean(counts) == pytest.approx(RATE_PER_S, rel=0.02)
    assert pvariance(counts) == pytest.approx(RATE_PER_S, rel=0.05)


def test_a_seed_means_the_same_schedule_on_every_python():
    golden = [0.10440270957151476, 0.3388132344337723, 0.4457276571892559]
    assert take(3, seed=1) == pytest.approx(golden, abs=1e-12)


def test_another_seed_is_another_schedule():
    assert take(5, seed=1) != take(5, seed=2)


def test_another_rate_stretches_the_same_arrivals():
    assert [2 * time for time in take(100, rate_per_s=20.0)] == pytest.approx(take(100, rate_per_s=10.0))


@given(
    seed=st.integers(),
    arrivals=st.sampled_from(sorted(UNIT_PROCESSES)),
    rate_per_s=st.floats(min_value=1e-6, max_value=1e6),
)
def test_offsets_start_at_zero_or_later_and_never_decrease(seed, arrivals, rate_per_s):
    times = take(50, arrivals, seed, rate_per_s)
    assert times[0] >= 0
    assert times == sorted(times)
    assert times == take(50, arrivals, seed, rate_per_s)
