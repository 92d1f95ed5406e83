"""Buckets for tests, and their events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.conformance.aws import Aws
from tests.conformance.queues import Queue, create_queue
from tests.conformance.rules import put_rule
from tests.conformance.waiting import eventually

PART_BYTES = 5 * 1024 * 1024
"""The least that a part which is not the last may have."""


def create_bucket(aws: Aws, *, versioned: bool = False) -> str:
    """Make a bucket that is removed with the test, with all that it holds."""
    name = aws.name("bucket")
    location = {"LocationConstraint": aws.account.region}
    more = {} if aws.account.region == "us-east-1" else {"CreateBucketConfiguration": location}
    aws.s3.create_bucket(Bucket=name, **more)
    aws.at_end(lambda: _remove(aws.s3, name))
    if versioned:
        aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def _remove(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for kind in ("Versions", "DeleteMarkers"):
            for each in page.get(kind, []):
                s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def upload_in_parts(aws: Aws, bucket: str, key: str, bodies: list[bytes], **at_end: Any) -> dict[str, Any]:
    """Upload an object part by part; return the answer to its completion."""
    target = {"Bucket": bucket, "Key": key}
    upload = aws.s3.create_multipart_upload(**target)["UploadId"]
    aws.at_end(lambda: _abort(aws.s3, target, upload))
    parts = []
    for number, body in enumerate(bodies, start=1):
        answer = aws.s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    done: dict[str, Any] = aws.s3.complete_multipart_upload(
        **target, UploadId=upload, MultipartUpload={"Parts": parts}, **at_end
    )
    return done


def _abort(s3: Any, target: dict[str, str], upload: str) -> None:
    """Abort an upload that was not completed."""
    open_uploads = s3.list_multipart_uploads(Bucket=target["Bucket"]).get("Uploads", [])
    if upload in {each["UploadId"] for each in open_uploads}:
        s3.abort_multipart_upload(**target, UploadId=upload)


@dataclass(frozen=True)
class EventBucket:
    """A bucket whose EventBridge events arrive in a queue."""

    aws: Aws
    name: str
    queue: Queue

    def put(self, key: str, body: bytes = b"12345", **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.aws.s3.put_object(Bucket=self.name, Key=key, Body=body, **more)
        return answer

    def events(self, count: int) -> list[dict[str, Any]]:
        return self.queue.take_json(count)

    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = self.events(1)[0]
        return found


def create_event_bucket(aws: Aws, *, versioned: bool = False) -> EventBucket:
    """Make a bucket, a queue, and the rule between them."""
    bucket, queue = create_bucket(aws, versioned=versioned), create_queue(aws)
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    put_rule(aws, pattern, {"Arn": queue.arn})
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    made = EventBucket(aws, bucket, queue)
    _wait_until_events_come(made)
    return made


def _wait_until_events_come(bucket: EventBucket) -> None:
    """On AWS it takes minutes until a new configuration is in force; engines have it at once."""
    if not bucket.aws.account.is_real:
        return

    def came() -> bool:
        bucket.put("first-events")
        return bool(bucket.queue.receive(wait_s=10))

    eventually(came, 600)
    while found := bucket.queue.receive(wait_s=20):
        for message in found:
            bucket.queue.delete(message)
