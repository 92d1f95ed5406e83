"""S3's events as AWS sends them."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.buckets import PART_BYTES, create_bucket, create_event_bucket, upload_in_parts
from tests.conformance.marks import behaviour
from tests.conformance.queues import Queue, create_queue

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


@behaviour("s3-events.time")
def test_time_is_utc_in_seconds(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    answer = bucket.put("timed")["ResponseMetadata"]["HTTPHeaders"]["date"]
    time = bucket.event()["time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)
    sent_at = datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(sent_at - parsedate_to_datetime(answer)) < timedelta(minutes=5)


@behaviour("s3-events.sequencer")
def test_sequencers_order_writes(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    etags = [bucket.put("same", str(number).encode())["ETag"].strip('"') for number in range(4)]
    described = [event["detail"]["object"] for event in bucket.events(4)]
    width = max(len(one["sequencer"]) for one in described)
    sequencers = {one["sequencer"].ljust(width, "0"): one["etag"] for one in described}
    assert all(int(sequencer, 16) > 0 for sequencer in sequencers)
    assert [etag for _, etag in sorted(sequencers.items())] == etags


@behaviour("s3-events.version-id")
def test_version_id(aws: Aws) -> None:
    versioned, plain = create_event_bucket(aws, versioned=True), create_event_bucket(aws)
    put = versioned.put("key")
    plain.put("key")
    assert versioned.event()["detail"]["object"]["version-id"] == put["VersionId"]
    assert "version-id" not in plain.event()["detail"]["object"]


@behaviour("s3-events.reason-copy")
def test_reason_of_a_copy(aws: Aws) -> None:
    bucket, source = create_event_bucket(aws), create_bucket(aws)
    aws.s3.put_object(Bucket=source, Key="there", Body=b"x")
    aws.s3.copy_object(Bucket=bucket.name, Key="here", CopySource={"Bucket": source, "Key": "there"})
    detail = bucket.event()["detail"]
    assert (detail["reason"], detail["object"]["key"]) == ("CopyObject", "here")


@behaviour("s3-events.reason-multipart")
def test_event_of_a_multipart_upload(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    done = upload_in_parts(aws, bucket.name, "big", [b"a" * PART_BYTES, b"b" * 10])
    bucket.put("last")
    big, last = sorted(bucket.events(2), key=lambda event: str(event["detail"]["object"]["key"]))
    assert last["detail"]["object"]["key"] == "last"
    assert big["detail"]["reason"] == "CompleteMultipartUpload"
    assert big["detail"]["object"]["size"] == PART_BYTES + 10
    assert big["detail"]["object"]["etag"] == done["ETag"].strip('"')


@behaviour("s3-events.deleted")
def test_events_of_deletes(aws: Aws) -> None:
    bucket = create_event_bucket(aws, versioned=True)
    version = bucket.put("key")["VersionId"]
    aws.s3.delete_object(Bucket=bucket.name, Key="key")
    aws.s3.delete_object(Bucket=bucket.name, Key="key", VersionId=version)
    deleted = [event for event in bucket.events(3) if event["detail-type"] == "Object Deleted"]
    assert {event["detail"]["reason"] for event in deleted} == {"DeleteObject"}
    kinds = sorted(event["detail"]["deletion-type"] for event in deleted)
    assert kinds == ["Delete Marker Created", "Permanently Deleted"]


@behaviour("s3-events.refused-write")
def test_refused_write_makes_no_event(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    bucket.put("key", b"first")
    assert refused(bucket.put, key="key", body=b"second", IfNoneMatch="*") == "PreconditionFailed"
    bucket.put("other")
    assert sorted(event["detail"]["object"]["key"] for event in bucket.events(2)) == ["key", "other"]


@behaviour("s3-events.empty-object")
def test_event_of_an_empty_object(aws: Aws) -> None:
    bucket = create_event_bucket(aws)
    bucket.put("empty", b"")
    assert bucket.event()["detail"]["object"]["size"] == 0


@behaviour("s3-events.notification-key-is-encoded")
def test_key_of_a_notification(aws: Aws) -> None:
    bucket, queue = create_notified_queue(aws)
    aws.s3.put_object(Bucket=bucket, Key="a b+é.csv", Body=b"x")
    messages = [json.loads(message["Body"]) for message in queue.take(2)]
    (record,) = next(message["Records"] for message in messages if "Records" in message)
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["object"]["key"] == "a+b%2B%C3%A9.csv"


@behaviour("s3-events.notification-test")
def test_notification_begins_with_a_test(aws: Aws) -> None:
    bucket, queue = create_notified_queue(aws)
    (message,) = queue.take_json(1)
    assert (message["Event"], message["Bucket"], message["Service"]) == ("s3:TestEvent", bucket, "Amazon S3")


def create_notified_queue(aws: Aws) -> tuple[str, Queue]:
    bucket, queue = create_bucket(aws), create_queue(aws)
    target = {"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [target]}
    )
    return bucket, queue
