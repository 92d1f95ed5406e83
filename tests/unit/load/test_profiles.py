from __future__ import annotations

from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.load import Workload
from harness.load.profiles.curve import CurvedRate, Piece, mean_factor, segments
from harness.load.profiles.model import OFFICE_DAY
from harness.load.schedule import offsets

pytestmark = pytest.mark.unit

DAILY = {"kind": "daily"}
BURST = {"kind": "burst", "factor": 100.0, "quiet": 1.0, "burst": 1.0, "drain": 1.0}
PAUSE = {"kind": "steps", "levels": [{"factor": 1.0}, {"factor": 0.0}, {"factor": 2.0}]}


def workload(profile: dict[str, Any], **changes: Any) -> Workload:
    fields = {"description": "own", "rate_per_s": 10.0, "minutes": 3.0, "profile": profile}
    return Workload.model_validate(fields | changes)


def offsets_of(own: Workload, count: int) -> list[float]:
    return list(islice(offsets("constant", CurvedRate(own.segments), 1), count))


def offered_between(own: Workload, start_s: float, end_s: float) -> int:
    total = int(sum(segment.expected_files for segment in own.segments))
    return sum(start_s <= offset < end_s for offset in offsets_of(own, total))


def test_a_burst_is_quiet_then_a_hundred_times_as_much_then_quiet():
    own = workload(BURST, rate_per_s=1.0)
    counts = [offered_between(own, start, start + 60) for start in (0, 60, 120)]
    assert counts == [60, 6000, 60]


def test_minutes_stretch_a_profile_and_a_rate_raises_it():
    longer = workload(BURST).changed(duration_s=30, rate_per_s=2.0)
    assert [(part.starts_s, part.ends_s) for part in longer.segments] == [(0, 10), (10, 20), (20, 30)]
    assert [part.start_per_s for part in longer.segments] == [2.0, 200.0, 2.0]


def test_a_number_of_files_stretches_a_profile_so_that_so_many_fit():
    own = workload(BURST, minutes=None, files=1020, rate_per_s=1.0)
    assert sum(part.expected_files for part in own.segments) == pytest.approx(1020)
    assert own.segments[-1].ends_s == pytest.approx(30.0)


def test_a_day_is_most_at_ten_and_least_at_night_and_has_the_stated_mean():
    own = workload(DAILY, rate_per_s=10.0, minutes=24.0)
    at_night, at_ten = offered_between(own, 120, 180), offered_between(own, 570, 630)
    assert at_ten > 8 * at_night
    assert sum(part.expected_files for part in own.segments) == pytest.approx(10.0 * 24 * 60)
    assert sum(OFFICE_DAY) == pytest.approx(24.0)


def test_a_day_of_ones_own_counts_by_proportion_only():
    ones, tens = (workload({"kind": "daily", "hours": [height] * 24}) for height in (1.0, 10.0))
    assert ones.segments == tens.segments


def test_a_ramp_in_steps_holds_each_for_the_same_time():
    own = workload({"kind": "ramp", "factor": 4.0, "steps": 4}, minutes=4.0)
    assert [offered_between(own, 60 * step, 60 * step + 60) for step in range(4)] == [600, 1200, 1800, 2400]


def test_a_ramp_without_steps_rises_all_the_time():
    own = workload({"kind": "ramp", "factor": 5.0}, minutes=4.0)
    counts = [offered_between(own, 60 * minute, 60 * minute + 60) for minute in range(4)]
    assert counts == sorted(counts)
    assert sum(counts) == pytest.approx(10.0 * 3 * 240, abs=1)


def test_nothing_comes_in_a_pause():
    own = workload(PAUSE)
    assert offered_between(own, 60.001, 119.999) == 0
    assert offered_between(own, 120, 180) == pytest.approx(1200, abs=1)


def test_after_the_shape_comes_the_shape_again():
    parts = workload(PAUSE).segments
    rate = CurvedRate(parts)
    once = sum(part.expected_files for part in parts)
    assert rate.offset_s(once + 5) == pytest.approx(180 + rate.offset_s(5))


@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 100),
            st.one_of(st.just(0.0), st.floats(0.01, 100)),
            st.one_of(st.just(0.0), st.floats(0.01, 100)),
        ),
        min_size=1,
        max_size=8,
    ).filter(lambda pieces: any(start + end for _, start, end in pieces)),
    st.floats(0.01, 1000),
)
def test_offsets_never_decrease_and_come_when_so_many_files_are_expected(pieces, rate_per_s):
    shape = [Piece(*piece) for piece in pieces]
    parts = segments(shape, rate_per_s, 60.0)
    total = sum(part.expected_files for part in parts)
    assert total == pytest.approx(rate_per_s * mean_factor(shape) * 60.0)
    curve = CurvedRate(parts)
    places = [curve.offset_s(total * step / 50) for step in range(120)]
    assert all(one <= other + 1e-9 for one, other in pairwise(places))
    assert 0.0 <= places[0] <= places[49] <= 60.0 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ({"kind": "dayly"}, "profile"),
        ({"kind": "daily", "hours": [1.0] * 23}, "profile.daily.hours"),
        ({"kind": "daily", "hours": [0.0] * 24}, "at least one hour needs files"),
        ({"kind": "burst", "factor": 0.0}, "profile.burst.factor"),
        ({"kind": "burst", "length": 5}, "profile.burst.length"),
        ({"kind": "ramp", "steps": 1}, "profile.ramp.steps"),
        ({"kind": "steps", "levels": []}, "profile.steps.levels"),
        ({"kind": "steps", "levels": [{"factor": 0.0}]}, "at least one level needs files"),
        ({"kind": "trace"}, "profile.trace.path"),
    ],
)
def test_profiles_that_mean_nothing_are_refused(profile, told):
    with pytest.raises(ValidationError, match=told):
        workload(profile)


def test_only_a_trace_does_without_rate_and_end():
    trace = {"kind": "trace", "path": "a.csv"}
    assert workload(trace, rate_per_s=None, minutes=None).segments == ()
    with pytest.raises(ValidationError, match=r"rate_per_s is needed.*minutes or files is needed"):
        workload(DAILY, rate_per_s=None, minutes=None)
