"""S3's events as AWS sends them."""

from __future__ import annotations

import hashlib

import pytest

from tests.conformance.aws import Aws
from tests.conformance.buckets import create_event_bucket
from tests.conformance.marks import behaviour

pytestmark = pytest.mark.conformance

ODD_KEY = "c-1/a b+c%20d'\"é😀.csv"


@behaviour("s3-events.shape")
def test_event_of_a_put(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    bucket.put("incoming/report.csv")
    event = bucket.event()
    assert (event["version"], event["source"]) == ("0", "aws.s3")
    assert event["detail-type"] == "Object Created"
    assert event["account"] == aws.account.account_id
    assert event["region"] == aws.account.region
    assert event["resources"] == [f"arn:aws:s3:::{bucket.name}"]
    detail = event["detail"]
    assert detail["version"] == "0"
    assert detail["bucket"] == {"name": bucket.name}
    assert detail["reason"] == "PutObject"
    assert {"request-id", "requester", "source-ip-address"} <= detail.keys()
    described = detail["object"]
    assert described["sequencer"]
    assert (described["key"], described["size"]) == ("incoming/report.csv", 5)
    assert described["etag"] == hashlib.md5(b"12345").hexdigest()


@behaviour("s3-events.key-is-plain")
def test_key_is_as_it_is(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    bucket.put(ODD_KEY)
    assert bucket.event()["detail"]["object"]["key"] == ODD_KEY
