"""The byte ranges of a copy by parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.handlers.parts import byte_ranges

pytestmark = pytest.mark.unit

MIB = 1024 * 1024


@given(size=st.integers(1, 10**6), part=st.integers(100, 10**6))
def test_ranges_cover_every_byte_once(size: int, part: int) -> None:
    covered = 0
    for text in byte_ranges(size, part):
        first, last = (int(number) for number in text.removeprefix("bytes=").split("-"))
        assert (first, last >= first) == (covered, True)
        covered = last + 1
    assert covered == size


def test_the_largest_object_of_s3_fits_into_ten_thousand_parts() -> None:
    assert len(list(byte_ranges(5 * 1024**4, 5 * MIB))) <= 10_000
