from __future__ import annotations

from itertools import islice
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.sizes import KIB, MIB, SMALL_CSV, SizeClass, sizes

pytestmark = pytest.mark.unit


@st.composite
def size_classes(draw) -> SizeClass:
    low = draw(st.integers(1, 10**6))
    return SizeClass(
        min_bytes=low,
        max_bytes=low + draw(st.integers(0, 10**9)),
        share=draw(st.floats(0.01, 100)),
        spread=draw(st.sampled_from(["uniform", "log_uniform"])),
    )


@given(mix=st.lists(size_classes(), min_size=1, max_size=4), seed=st.integers())
def test_every_size_lies_in_one_of_the_classes_and_the_seed_decides(mix, seed):
    drawn = list(islice(sizes(mix, seed), 30))
    assert all(any(part.min_bytes <= size <= part.max_bytes for part in mix) for size in drawn)
    assert drawn == list(islice(sizes(mix, seed), 30))


@pytest.mark.parametrize("spread", ["uniform", "log_uniform"])
def test_both_ends_of_a_class_are_reached(spread):
    assert {SizeClass(min_bytes=3, max_bytes=5, spread=spread).pick(i / 100) for i in range(100)} == {3, 4, 5}


def test_the_default_mix_has_as_many_files_below_8_kib_as_above():
    drawn = list(islice(sizes(SMALL_CSV, 1), 20_000))
    assert min(drawn) >= KIB
    assert max(drawn) <= 64 * KIB
    assert mean(size < 8 * KIB for size in drawn) == pytest.approx(0.5, abs=0.02)
    assert mean(drawn) == pytest.approx(15.1 * KIB, rel=0.03)


def test_shares_are_weights():
    mix = [
        SizeClass(min_bytes=1, max_bytes=10, share=3.0),
        SizeClass(min_bytes=MIB, max_bytes=2 * MIB, share=1.0),
    ]
    drawn = list(islice(sizes(mix, 1), 20_000))
    assert mean(size >= MIB for size in drawn) == pytest.approx(0.25, abs=0.01)
