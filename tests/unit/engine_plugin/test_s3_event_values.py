"""The values of S3's events: sequencer, key forms, reasons."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from floodgate_localstack.s3_event_values import (
    SequencerClock,
    key_for_eventbridge,
    key_for_notification,
    reason_of,
)

pytestmark = pytest.mark.unit


def test_sequencers_grow_as_text_even_when_the_clock_stands_or_goes_back() -> None:
    clock = SequencerClock()
    with patch("time.time_ns", side_effect=[1_700_000_000_000_000_000] * 3 + [5]):
        values = [clock.next() for _ in range(4)]
    assert values == sorted(set(values))
    assert all(re.fullmatch(r"[0-9A-F]{18}", value) for value in values)


def test_sequencers_of_many_threads_are_unique() -> None:
    clock = SequencerClock()
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda _: clock.next(), range(2000)))
    assert len(set(values)) == 2000


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("c-1/red flower.jpg", "c-1/red+flower.jpg"),
        ("a+b%.csv", "a%2Bb%25.csv"),
        ("é/😀", "%C3%A9/%F0%9F%98%80"),
    ],
)
def test_only_notifications_encode_the_key(key: str, encoded: str) -> None:
    assert key_for_notification(key) == encoded
    assert key_for_eventbridge(key) == key


def test_reasons_are_those_of_aws() -> None:
    actions = ("Put", "Post", "Copy", "CompleteMultipartUpload")
    reasons = [reason_of(f"s3:ObjectCreated:{action}") for action in actions]
    assert reasons == ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"]
    with pytest.raises(KeyError):
        reason_of("s3:ObjectCreated:Unheard")
