"""S3's events as AWS sends them: to EventBridge, and in S3's own notifications."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration

ODD_KEY = "c-1/a b+c%20d'\"é😀.csv"
PART_BYTES = 5 * 1024 * 1024


@dataclass
class EventBucket:
    """A bucket whose EventBridge events arrive in a queue."""

    name: str
    queue_url: str
    s3: Any
    sqs: Any
    endpoint_url: str

    def events(self, count: int) -> list[dict[str, Any]]:
        """Receive exactly `count` events, in the order of their sequencers."""
        events = [json.loads(body) for body in receive(self.sqs, self.queue_url, count)]
        return sorted(events, key=lambda event: str(event["detail"]["object"].get("sequencer")))


def receive(sqs: Any, queue_url: str, count: int) -> list[str]:
    bodies: list[str] = []
    deadline = time.monotonic() + 20
    while len(bodies) < count and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for message in answer.get("Messages", []):
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    assert len(bodies) == count
    return bodies


@pytest.fixture(params=["versioned", "plain"])
def versioned(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "versioned")


@pytest.fixture
def bucket(localstack: LocalStackProcess, unique: str, versioned: bool) -> Iterator[EventBucket]:
    s3, sqs, events = (localstack.client(name) for name in ("s3", "sqs", "events"))
    name = f"events-{unique}"
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue_arn["Attributes"]["QueueArn"]}])
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    yield EventBucket(name, queue_url, s3, sqs, localstack.endpoint_url)
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=queue_url)


def test_event_of_a_put(bucket: EventBucket, versioned: bool) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    put = bucket.s3.put_object(Bucket=bucket.name, Key=ODD_KEY, Body=b"12345")
    (event,) = bucket.events(1)

    assert event["detail-type"] == "Object Created"
    described = event["detail"]["object"]
    assert described["key"] == ODD_KEY
    assert described["size"] == 5
    assert described["etag"] == hashlib.md5(b"12345").hexdigest()
    assert event["detail"]["reason"] == "PutObject"
    assert described.get("version-id") == (put["VersionId"] if versioned else None)
    sent_at = datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before.replace(microsecond=0) <= sent_at <= datetime.now(UTC)


def test_sequencers_order_the_puts_of_one_key(bucket: EventBucket, versioned: bool) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda number: bucket.s3.put_object(
                    Bucket=bucket.name, Key="same", Body=str(number).encode()
                ),
                range(24),
            )
        )
    events = bucket.events(24)
    sequencers = [event["detail"]["object"]["sequencer"] for event in events]
    assert len(set(sequencers)) == 24
    assert len({len(sequencer) for sequencer in sequencers}) == 1
    assert all(int(sequencer, 16) > 0 for sequencer in sequencers)

    current = bucket.s3.head_object(Bucket=bucket.name, Key="same")
    assert events[-1]["detail"]["object"]["etag"] == current["ETag"].strip('"')
    if versioned:
        # LocalStack lists versions by a time that each put takes before it is stored: no order of storing.
        listed = bucket.s3.list_object_versions(Bucket=bucket.name, Prefix="same")["Versions"]
        (latest,) = (version["VersionId"] for version in listed if version["IsLatest"])
        assert events[-1]["detail"]["object"]["version-id"] == current["VersionId"] == latest


def test_event_of_a_multipart_upload(bucket: EventBucket) -> None:
    target = {"Bucket": bucket.name, "Key": "big"}
    upload = bucket.s3.create_multipart_upload(**target)["UploadId"]
    parts = []
    for number, body in enumerate([b"a" * PART_BYTES, b"b" * 10], start=1):
        answer = bucket.s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    done = bucket.s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": parts})
    (event,) = bucket.events(1)
    assert event["detail"]["reason"] == "CompleteMultipartUpload"
    assert event["detail"]["object"]["size"] == PART_BYTES + 10
    assert event["detail"]["object"]["etag"] == done["ETag"].strip('"')
    assert event["detail"]["object"]["etag"].endswith("-2")


def test_events_of_a_copy_and_of_a_form_post(bucket: EventBucket) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="from", Body=b"x")
    bucket.s3.copy_object(Bucket=bucket.name, Key="to", CopySource={"Bucket": bucket.name, "Key": "from"})
    post_form(bucket, "posted", b"form")
    reasons = {event["detail"]["object"]["key"]: event["detail"]["reason"] for event in bucket.events(3)}
    assert reasons == {"from": "PutObject", "to": "CopyObject", "posted": "POST Object"}


def post_form(bucket: EventBucket, key: str, body: bytes) -> None:
    form = bucket.s3.generate_presigned_post(bucket.name, key)
    boundary = "floodgate-boundary"
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["fields"].items()
    ]
    lines.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
    data = "".join(lines).encode() + body + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        f"{bucket.endpoint_url}/{bucket.name}",
        data=data,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204


def test_event_of_a_delete(bucket: EventBucket, versioned: bool) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key=ODD_KEY, Body=b"x")
    bucket.s3.delete_object(Bucket=bucket.name, Key=ODD_KEY)
    created, deleted = bucket.events(2)
    assert created["detail-type"] == "Object Created"
    assert deleted["detail-type"] == "Object Deleted"
    assert deleted["detail"]["object"]["key"] == ODD_KEY
    assert deleted["detail"]["reason"] == "DeleteObject"
    kind = "Delete Marker Created" if versioned else "Permanently Deleted"
    assert deleted["detail"]["deletion-type"] == kind


def test_notification_to_a_queue_has_the_encoded_key_and_a_sequencer(
    localstack: LocalStackProcess, unique: str
) -> None:
    s3, sqs = localstack.client("s3"), localstack.client("sqs")
    queue_url = sqs.create_queue(QueueName=f"direct-{unique}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bucket = f"direct-{unique}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
        SkipDestinationValidation=True,
    )
    s3.put_object(Bucket=bucket, Key="red flower.jpg", Body=b"1")
    s3.put_object(Bucket=bucket, Key="red flower.jpg", Body=b"2")
    bodies = [json.loads(body) for body in receive(sqs, queue_url, 2)]
    objects = [body["Records"][0]["s3"]["object"] for body in bodies]
    assert {described["key"] for described in objects} == {"red+flower.jpg"}
    assert len({described["sequencer"] for described in objects}) == 2
