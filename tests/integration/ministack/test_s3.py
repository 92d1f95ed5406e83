"""What the pipeline needs of S3 on MiniStack, and MiniStack by itself lacks."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import client
from harness.engines.base import EngineInfo

pytestmark = pytest.mark.integration


@pytest.fixture
def bucket(ministack: EngineInfo) -> str:
    s3, name = client("s3", ministack), f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_an_event_names_the_version_of_the_object(ministack: EngineInfo, bucket: str) -> None:
    queue = _queue_of_events(ministack, bucket)
    versions = [_put(ministack, bucket, "a b+ü.csv", body) for body in (b"1", b"22")]
    events = [json.loads(message["Body"])["detail"]["object"] for message in _take(ministack, queue, 2)]
    assert sorted((each["key"], each["version-id"], each["size"]) for each in events) == sorted(
        ("a b+ü.csv", version, size) for version, size in zip(versions, (1, 2), strict=True)
    )


def test_a_copy_for_an_empty_place_is_refused_where_there_is_something(
    ministack: EngineInfo, bucket: str
) -> None:
    version = _put(ministack, bucket, "from", b"x")
    s3 = client("s3", ministack)
    copy = {
        "Bucket": bucket,
        "Key": "to",
        "CopySource": {"Bucket": bucket, "Key": "from", "VersionId": version},
        "IfNoneMatch": "*",
    }
    etag = s3.copy_object(**copy)["CopyObjectResult"]["ETag"]
    with pytest.raises(ClientError) as caught:
        s3.copy_object(**copy)
    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    with pytest.raises(ClientError):
        s3.copy_object(**{**copy, "IfNoneMatch": "", "IfMatch": '"another"'})
    del copy["IfNoneMatch"]
    s3.copy_object(**copy, IfMatch=etag)
    assert len(s3.list_object_versions(Bucket=bucket, Prefix="to")["Versions"]) == 2


def _put(engine: EngineInfo, bucket: str, key: str, body: bytes) -> str:
    return str(client("s3", engine).put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])


def _queue_of_events(engine: EngineInfo, bucket: str) -> str:
    """Make a queue that gets the bucket's events through a rule."""
    sqs, events = client("sqs", engine), client("events", engine)
    url = str(sqs.create_queue(QueueName=bucket)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("s3", engine).put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": arn}])
    return url


def _take(engine: EngineInfo, queue_url: str, count: int) -> list[dict[str, Any]]:
    """Receive so many messages; pytest's timeout ends the waiting for those that never come."""
    found: list[dict[str, Any]] = []
    sqs = client("sqs", engine)
    while len(found) < count:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        found += answer.get("Messages", [])
    return found
