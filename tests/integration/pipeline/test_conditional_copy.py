"""What the worker rests on: S3's conditional copy, in the engine as in AWS.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import client
from harness.engines.base import EngineInfo

pytestmark = pytest.mark.integration

KEY = "a b+c.csv"


class Bucket:
    """A versioned bucket with one source object."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.name = f"copy-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=self.name)
        s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.source_version = s3.put_object(Bucket=self.name, Key="source", Body=b"hello")["VersionId"]

    def copy(self, **condition: str) -> str:
        """Copy to KEY; return the version id, or the error code."""
        source = {"Bucket": self.name, "Key": "source", "VersionId": self.source_version}
        try:
            answer = self.s3.copy_object(
                Bucket=self.name,
                Key=KEY,
                CopySource=source,
                TaggingDirective="REPLACE",
                Tagging="mark=1",
                **condition,
            )
        except ClientError as exc:
            return str(exc.response["Error"]["Code"])
        return str(answer["VersionId"])

    def complete(self, seen: str) -> str:
        """Write KEY by parts over what was seen; return the ETag."""
        place: Any = {"Bucket": self.name, "Key": KEY}
        place["UploadId"] = self.s3.create_multipart_upload(**place, Tagging="mark=1")["UploadId"]
        etag = self.s3.upload_part(**place, PartNumber=1, Body=uuid.uuid4().bytes)["ETag"]
        parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
        return str(self.s3.complete_multipart_upload(**place, MultipartUpload=parts, IfMatch=seen)["ETag"])

    def tags_of_newest(self) -> list[dict[str, str]]:
        version = self.s3.head_object(Bucket=self.name, Key=KEY)["VersionId"]
        found = self.s3.get_object_tagging(Bucket=self.name, Key=KEY, VersionId=version)["TagSet"]
        return list(found)

    def versions(self) -> list[str]:
        answer = self.s3.list_object_versions(Bucket=self.name, Prefix=KEY)
        return [version["VersionId"] for version in answer.get("Versions", [])]


@pytest.fixture
def bucket(localstack: EngineInfo) -> Bucket:
    return Bucket(client("s3", localstack))


def test_the_second_copy_into_an_empty_place_is_refused(bucket: Bucket) -> None:
    first = bucket.copy(IfNoneMatch="*")
    assert bucket.copy(IfNoneMatch="*") == "PreconditionFailed"
    assert bucket.versions() == [first]


def test_of_many_copies_at_once_one_is_made_and_has_its_tag(bucket: Bucket) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bucket.copy(IfNoneMatch="*"), range(24)))
    (made,) = bucket.versions()
    assert sorted(answers) == sorted([made] + ["PreconditionFailed"] * 23)
    tags = bucket.s3.get_object_tagging(Bucket=bucket.name, Key=KEY)["TagSet"]
    assert tags == [{"Key": "mark", "Value": "1"}]


def test_a_deleted_object_leaves_an_empty_place(bucket: Bucket) -> None:
    bucket.copy(IfNoneMatch="*")
    bucket.s3.delete_object(Bucket=bucket.name, Key=KEY)
    assert bucket.copy(IfNoneMatch="*") in bucket.versions()


def test_a_copy_over_what_was_seen_is_made(bucket: Bucket) -> None:
    seen = bucket.s3.put_object(Bucket=bucket.name, Key=KEY, Body=b"older")["ETag"]
    assert bucket.copy(IfMatch=seen) in bucket.versions()


def test_a_copy_over_something_else_is_refused(bucket: Bucket) -> None:
    seen = bucket.s3.put_object(Bucket=bucket.name, Key=KEY, Body=b"older")["ETag"]
    bucket.s3.put_object(Bucket=bucket.name, Key=KEY, Body=b"changed since")
    assert bucket.copy(IfMatch=seen) == "PreconditionFailed"


def test_a_copy_over_what_has_gone_is_refused(bucket: Bucket) -> None:
    assert bucket.copy(IfMatch='"0123"') == "NoSuchKey"


def test_a_copy_without_conditions_is_made_as_ever(bucket: Bucket) -> None:
    assert bucket.copy() != bucket.copy()
    assert len(bucket.versions()) == 2


@pytest.mark.parametrize("write", ["copy", "complete"])
def test_what_is_there_has_its_tags_at_once(bucket: Bucket, write: str) -> None:
    # A copy seen without its tag counts as somebody else's file, and is made again.
    bucket.copy()
    written = threading.Event()

    def look() -> list[list[dict[str, str]]]:
        seen = []
        while not written.is_set():
            seen.append(bucket.tags_of_newest())
        return seen

    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(look) for _ in range(4)]
        for _ in range(150):
            if write == "copy":
                bucket.copy()
            else:
                bucket.complete(bucket.s3.head_object(Bucket=bucket.name, Key=KEY)["ETag"])
        written.set()
    assert [tags for look in looks for tags in look.result() if tags != [{"Key": "mark", "Value": "1"}]] == []
