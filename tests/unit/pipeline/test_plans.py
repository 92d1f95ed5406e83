"""Conditions, and numbers of parts that keep ETags apart."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.common.events import Upload, parse_upload
from pipeline.common.settings import CopySettings
from pipeline.transfer import plans
from pipeline.transfer.destination import Occupant
from pipeline.transfer.parts import byte_ranges
from tests.unit.pipeline import events

pytestmark = pytest.mark.unit

MIB = 1024 * 1024
MD5 = "5d41402abc4b2a76b9719d911017c592"


def upload(size_bytes: int, etag: str = MD5) -> Upload:
    return parse_upload(json.dumps(events.object_created(size=size_bytes, etag=etag)))


def occupant(etag: str) -> Occupant:
    return Occupant("v1", f'"{etag}"', "2026-11-22T20:00:00.000000Z", "other", "00")


def part_count(plan: plans.Plan, size_bytes: int) -> int:
    """Return the number at the end of the copy's ETag, 0 for a copy that is made whole."""
    if plan.part_size_bytes is None:
        return 0
    return max(1, len(list(byte_ranges(size_bytes, plan.part_size_bytes))))


@given(size=st.integers(1, 10**6), part=st.integers(100, 10**6))
def test_ranges_cover_every_byte_once(size: int, part: int) -> None:
    covered = 0
    for text in byte_ranges(size, part):
        first, last = (int(number) for number in text.removeprefix("bytes=").split("-"))
        assert (first, last >= first) == (covered, True)
        covered = last + 1
    assert covered == size


def test_the_largest_object_of_s3_fits_into_ten_thousand_parts(settings: CopySettings) -> None:
    size = 5 * 1024**4
    plan = plans.for_empty_place(upload(size), dataclasses.replace(settings, part_size_bytes=5 * MIB))
    assert 1 < part_count(plan, size) <= plans.MAX_PARTS


def test_an_empty_place_is_filled_in_the_usual_way(settings: CopySettings) -> None:
    assert plans.for_empty_place(upload(100), settings) == plans.Plan({"IfNoneMatch": "*"}, None)
    assert plans.for_empty_place(upload(101), settings) == plans.Plan({"IfNoneMatch": "*"}, 40)


def test_other_content_is_replaced_in_the_usual_way(settings: CopySettings) -> None:
    plan = plans.for_replacing(upload(100), occupant("0" * 32), settings)
    assert plan == plans.Plan({"IfMatch": f'"{"0" * 32}"'}, None)


@given(size=st.integers(0, 2000), there=st.integers(0, 60), came_in_parts=st.booleans())
def test_a_copy_never_looks_like_what_it_replaces(size: int, there: int, came_in_parts: bool) -> None:
    settings = CopySettings(destination_bucket="d", multipart_threshold_bytes=100, part_size_bytes=40)
    there_etag = f"{MD5}-{there}" if there else MD5
    plan = plans.for_replacing(
        upload(size, f"{MD5}-2" if came_in_parts else MD5), occupant(there_etag), settings
    )
    assert part_count(plan, size) != there or (plan.part_size_bytes is None and came_in_parts and there)
