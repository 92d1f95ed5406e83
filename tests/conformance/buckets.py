"""Buckets for tests, and their events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.conformance.aws import Aws
from tests.conformance.queues import Queue, create_queue
from tests.conformance.waiting import eventually


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


def put_rule(aws: Aws, pattern: dict[str, Any], *targets: dict[str, Any], bus: str = "default") -> str:
    """Make a rule with targets, each given without its `Id`; return its name."""
    name = aws.name("rule")
    aws.events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    aws.at_end(lambda: aws.events.delete_rule(Name=name, EventBusName=bus))
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    ids = [str(target["Id"]) for target in numbered]
    aws.at_end(lambda: aws.events.remove_targets(Rule=name, EventBusName=bus, Ids=ids))
    answer = aws.events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)
    assert answer["FailedEntryCount"] == 0
    return name
