from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.exceptions import UsageError
from harness.load import SizeClass, Workload

pytestmark = pytest.mark.unit

NOT_POSITIVE = st.one_of(
    st.floats(max_value=0), st.just(math.nan), st.just(math.inf), st.integers(max_value=0), st.text()
)


def workload(**changes: Any) -> Workload:
    return Workload.model_validate({"description": "own", "rate_per_s": 1.0, "files": 5} | changes)


@given(NOT_POSITIVE)
def test_a_rate_that_is_not_a_positive_finite_number_is_refused(rate):
    with pytest.raises(ValidationError, match="rate_per_s"):
        workload(rate_per_s=rate)
    with pytest.raises(UsageError, match="rate_per_s"):
        workload().changed(rate_per_s=rate)


@given(NOT_POSITIVE)
def test_sizes_that_are_not_positive_whole_numbers_are_refused(size):
    with pytest.raises(ValidationError, match="min_bytes"):
        SizeClass(min_bytes=size, max_bytes=10)


def test_a_size_class_upside_down_is_refused():
    with pytest.raises(ValidationError, match="max_bytes 5 is below min_bytes 10"):
        SizeClass(min_bytes=10, max_bytes=5)


@pytest.mark.parametrize("sizes", [(), [{"min_bytes": 1, "max_bytes": 2, "share": 0.0}]])
def test_a_mix_needs_classes_with_shares(sizes):
    with pytest.raises(ValidationError, match="sizes"):
        workload(sizes=sizes)


def test_all_problems_are_told_at_once():
    with pytest.raises(UsageError) as told:
        workload().changed(rate_per_s=math.nan, duration_s=-60.0, files=0)
    assert "rate_per_s: Input should be a finite number (got nan)" in told.value.message
    assert "minutes: Input should be greater than 0 (got -1.0)" in told.value.message
    assert "files: Input should be greater than 0 (got 0)" in told.value.message


def test_a_load_must_end():
    with pytest.raises(ValidationError, match="a load must end"):
        workload(files=None)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_lies_between_nothing_and_everything(share):
    with pytest.raises(ValidationError, match="fresh_session_share"):
        workload(fresh_session_share=share)


def test_unknown_fields_and_arrivals_are_refused():
    with pytest.raises(ValidationError, match="rate_per_minute"):
        workload(rate_per_minute=3)
    with pytest.raises(ValidationError, match="arrivals"):
        workload(arrivals="sometimes")


@pytest.mark.parametrize(
    ("asked", "limits"),
    [
        ({}, (120.0, None)),
        ({"duration_s": 30.0}, (30.0, None)),
        ({"files": 9}, (None, 9)),
        ({"duration_s": 30.0, "files": 9}, (30.0, 9)),
    ],
)
def test_asked_limits_replace_those_of_the_scenario(asked, limits):
    changed = workload(minutes=2.0, files=None).changed(**asked)
    assert (changed.duration_s, changed.files) == limits
    assert changed.rate_per_s == 1.0


def test_a_single_file_may_come_as_fast_as_it_likes() -> None:
    assert Workload(description="one", rate_per_s=1e5, files=1).files == 1
