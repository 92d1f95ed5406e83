"""The id of an upload, and the order of uploads to one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import identity as harness_identity
from pipeline.common import identity

pytestmark = pytest.mark.unit

texts = st.text(st.characters(codec="utf-8"), min_size=1)
hexadecimal = st.text("0123456789ABCDEF", min_size=1, max_size=20)


@given(bucket=texts, key=texts, version_id=texts)
def test_pipeline_and_harness_compute_the_same_file_id(bucket: str, key: str, version_id: str) -> None:
    ours = identity.file_id(bucket, key, version_id)
    assert ours == harness_identity.file_id(bucket, key, version_id)


def test_version_id_goes_before_etag_and_sequencer() -> None:
    assert identity.upload_version("v1", "etag", "0055") == "v1"
    assert identity.upload_version(None, "etag", "0055") == "etag/0055"


def test_customer_is_the_first_segment_of_the_key() -> None:
    assert identity.customer_id("acme/incoming/a.csv") == "acme"
    assert identity.customer_id("lonely.csv") == "lonely.csv"


@pytest.mark.parametrize(
    ("sequencer", "other", "newer"),
    [
        ("0055AED6DCD90281E6", "0055AED6DCD90281E5", True),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6", False),
        ("0055", "0055", False),
        ("00551", "0055", True),
        ("0055", "00550", False),
        ("0056", "00559999", True),
        ("0055af", "0055AE", True),
    ],
)
def test_shorter_sequencer_is_padded_on_the_right(sequencer: str, other: str, newer: bool) -> None:
    assert identity.is_newer(sequencer, other) is newer


@given(one=hexadecimal, other=hexadecimal)
def test_of_two_sequencers_at_most_one_is_newer(one: str, other: str) -> None:
    assert not (identity.is_newer(one, other) and identity.is_newer(other, one))
