"""What a workload is going to offer, for the estimate of a run's costs."""

from __future__ import annotations

import random
from typing import Any

import pytest

from harness.load.sizes import SizeClass
from harness.load.workload import Workload
from harness.run.expected_load import expected_load, mean_bytes

pytestmark = pytest.mark.unit

MIX = (
    SizeClass(min_bytes=1024, max_bytes=65_536, share=3),
    SizeClass(min_bytes=1_000_000, max_bytes=3_000_000, spread="uniform"),
)


def workload(**fields: Any) -> Workload:
    return Workload(description="x", rate_per_s=10, **fields)


def test_files_follow_from_rate_and_time_and_are_limited_by_their_number() -> None:
    assert expected_load(workload(minutes=2)).files == 1200
    assert expected_load(workload(minutes=2)).duration_s == 120
    limited = expected_load(workload(files=50))
    assert (limited.files, limited.duration_s) == (50, 5)
    assert expected_load(workload(minutes=2, files=50)).files == 50


def test_the_mean_size_is_that_of_the_mix() -> None:
    rng = random.Random(1)
    weights = [part.share for part in MIX]
    picked = [part.pick(rng.random()) for part in rng.choices(MIX, weights, k=200_000)]
    assert mean_bytes(MIX) == pytest.approx(sum(picked) / len(picked), rel=0.02)


def test_a_single_size_is_its_own_mean() -> None:
    assert mean_bytes((SizeClass(min_bytes=5, max_bytes=5),)) == 5
