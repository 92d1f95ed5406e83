"""Reading SQS records that carry S3 events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.common.events import MalformedRecordError, parse_delivery, parse_upload
from tests.unit.pipeline import events

pytestmark = pytest.mark.unit

keys = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda key: len(key.encode()) <= 1024)


def test_recorded_event_is_read() -> None:
    upload = parse_upload(json.dumps(events.load("object_created")))
    assert (upload.bucket, upload.version_id, upload.size_bytes) == ("acme-source", "wJtAWeNtEXAMPLE", 5)
    assert upload.key == 'acme/incoming/orders+march 100%25 "final" 🎉.csv'
    assert upload.uploaded_at == "2026-11-22T20:05:23.000000Z"


@given(key=keys)
def test_every_key_is_taken_as_it_stands(key: str) -> None:
    assert parse_upload(json.dumps(events.object_created(key=key))).key == key


@given(key=keys)
def test_escaped_json_gives_the_same_key(key: str) -> None:
    body = json.dumps(events.object_created(key=key), ensure_ascii=False)
    assert parse_upload(body) == parse_upload(json.dumps(json.loads(body), ensure_ascii=True))


def test_unversioned_bucket_has_an_identity_too() -> None:
    first = parse_upload(json.dumps(events.object_created(version_id=None, sequencer="01")))
    again = parse_upload(json.dumps(events.object_created(version_id=None, sequencer="01")))
    other = parse_upload(json.dumps(events.object_created(version_id=None, sequencer="02")))
    assert first.version_id is None
    assert first.file_id == again.file_id != other.file_id


def test_only_a_trailing_slash_makes_a_directory_marker() -> None:
    assert parse_upload(json.dumps(events.object_created(key="acme/folder/"))).is_directory_marker
    assert not parse_upload(json.dumps(events.object_created(key="acme/folder/file"))).is_directory_marker


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "no S3 event"),
        ("not json", "no S3 event"),
        ("[]", "no S3 event"),
        ('"text"', "no S3 event"),
        ("null", "no S3 event"),
        ("{}", "detail-type"),
        (json.dumps(events.load("object_deleted")), "Object Deleted"),
        (json.dumps(events.object_created(key=None)), "key"),
        (json.dumps(events.object_created(key="")), "key"),
        (json.dumps(events.object_created(key=7)), "key"),
        (json.dumps(events.object_created(size="many")), "no S3 event"),
        (json.dumps(events.object_created(sequencer=None)), "sequencer"),
        (json.dumps(events.object_created(key="\ud800")), "no S3 event"),
        (json.dumps({**events.load("object_created"), "time": "yesterday"}), "no S3 event"),
        (json.dumps({**events.load("object_created"), "time": "2026-11-22T20:05:23"}), "time zone"),
        (json.dumps({**events.load("object_created"), "detail": "text"}), "no S3 event"),
    ],
)
def test_anything_else_is_malformed_with_a_reason(body: str, reason: str) -> None:
    with pytest.raises(MalformedRecordError, match=reason):
        parse_upload(body)


def test_delivery_is_read_from_the_message() -> None:
    delivery = parse_delivery(events.sqs_record("whatever", message_id="m-7", receive_count=3))
    assert (delivery.message_id, delivery.receive_count) == ("m-7", 3)
    assert delivery.queued_at.endswith(".123000Z")
    assert delivery.first_received_at.endswith(".456000Z")
