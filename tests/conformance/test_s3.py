"""Objects in S3: conditions, versions, what a listing shows, what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.aws import Aws, refusal, refused
from tests.conformance.buckets import PART_BYTES, create_bucket, upload_in_parts
from tests.conformance.marks import behaviour
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

WRITERS = 8


def body_of(aws: Aws, bucket: str, key: str, **more: Any) -> bytes:
    content: bytes = aws.s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
    return content


@behaviour("s3.put-if-none-match")
def test_put_of_what_exists(aws: Aws) -> None:
    target = {"Bucket": create_bucket(aws), "Key": "key"}
    aws.s3.put_object(**target, Body=b"1", IfNoneMatch="*")
    answer = refusal(aws.s3.put_object, **target, Body=b"2", IfNoneMatch="*")
    assert answer["Error"]["Code"] == "PreconditionFailed"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert body_of(aws, target["Bucket"], "key") == b"1"


@behaviour("s3.put-if-match")
def test_put_over_a_known_object(aws: Aws) -> None:
    target = {"Bucket": create_bucket(aws), "Key": "key"}
    first = aws.s3.put_object(**target, Body=b"1")["ETag"]
    aws.s3.put_object(**target, Body=b"2", IfMatch=first)
    assert refused(aws.s3.put_object, **target, Body=b"3", IfMatch=first) == "PreconditionFailed"
    assert refused(aws.s3.put_object, **(target | {"Key": "none"}), Body=b"3", IfMatch=first) == "NoSuchKey"


@behaviour("s3.put-race")
def test_conditional_puts_at_once(aws: Aws) -> None:
    target = {"Bucket": create_bucket(aws), "Key": "key"}

    def put(number: int) -> str:
        try:
            aws.s3.put_object(**target, Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as exc:
            return str(exc.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(WRITERS) as pool:
        outcomes = list(pool.map(put, range(WRITERS)))
    assert outcomes.count("done") == 1
    # 409: another one is under way. The SDK has tried it again, and may give up.
    assert set(outcomes) <= {"done", "PreconditionFailed", "ConditionalRequestConflict"}


@behaviour("s3.complete-if-none-match")
def test_completion_onto_what_exists(aws: Aws) -> None:
    bucket = create_bucket(aws)
    upload_in_parts(aws, bucket, "key", [b"1"], IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        upload_in_parts(aws, bucket, "key", [b"2"], IfNoneMatch="*")
    assert body_of(aws, bucket, "key") == b"1"


def two_objects(aws: Aws) -> tuple[str, str, str]:
    """Return a bucket with `source` and `target`, and their ETags."""
    bucket = create_bucket(aws)
    source = aws.s3.put_object(Bucket=bucket, Key="source", Body=b"source")["ETag"]
    return bucket, source, aws.s3.put_object(Bucket=bucket, Key="target", Body=b"target")["ETag"]


def copy(
    aws: Aws, bucket: str, key: str = "target", version: str | None = None, **more: Any
) -> dict[str, Any]:
    source = {"Bucket": bucket, "Key": "source"} | ({"VersionId": version} if version else {})
    answer: dict[str, Any] = aws.s3.copy_object(Bucket=bucket, Key=key, CopySource=source, **more)
    return answer


@behaviour("s3.copy-if-none-match")
def test_copy_onto_what_exists(aws: Aws) -> None:
    bucket, _, _ = two_objects(aws)
    code = refused(copy, aws=aws, bucket=bucket, IfNoneMatch="*")
    assert code == "PreconditionFailed"
    assert body_of(aws, bucket, "target") == b"target"
    copy(aws, bucket, "new", IfNoneMatch="*")


@behaviour("s3.copy-if-match")
def test_copy_onto_a_known_object(aws: Aws) -> None:
    bucket, source, target = two_objects(aws)
    assert refused(copy, aws=aws, bucket=bucket, IfMatch=source) == "PreconditionFailed"
    copy(aws, bucket, IfMatch=target)
    assert body_of(aws, bucket, "target") == b"source"


@behaviour("s3.copy-source-if-match")
def test_copy_of_a_known_source(aws: Aws) -> None:
    bucket, source, target = two_objects(aws)
    assert refused(copy, aws=aws, bucket=bucket, CopySourceIfMatch=target) == "PreconditionFailed"
    copy(aws, bucket, CopySourceIfMatch=source)


@behaviour("s3.copy-of-a-version")
def test_copy_of_a_version(aws: Aws) -> None:
    bucket = create_bucket(aws, versioned=True)
    old = aws.s3.put_object(Bucket=bucket, Key="source", Body=b"old")["VersionId"]
    aws.s3.put_object(Bucket=bucket, Key="source", Body=b"new")
    answer = copy(aws, bucket, version=old)
    assert answer["CopySourceVersionId"] == old
    assert answer["VersionId"] not in {None, old}
    assert body_of(aws, bucket, "target") == b"old"


@behaviour("s3.copy-of-a-missing-version")
def test_copy_of_a_version_that_is_gone(aws: Aws) -> None:
    bucket = create_bucket(aws, versioned=True)
    old = aws.s3.put_object(Bucket=bucket, Key="source", Body=b"old")["VersionId"]
    aws.s3.put_object(Bucket=bucket, Key="source", Body=b"new")
    aws.s3.delete_object(Bucket=bucket, Key="source", VersionId=old)
    assert refused(copy, aws=aws, bucket=bucket, version=old) == "NoSuchVersion"


@behaviour("s3.copy-keeps-metadata")
def test_copy_keeps_what_belongs_to_the_object(aws: Aws) -> None:
    bucket = create_bucket(aws)
    told = {"ContentType": "text/csv", "Metadata": {"customer": "c-1"}, "Tagging": "kind=report"}
    aws.s3.put_object(Bucket=bucket, Key="source", Body=b"x", **told)
    copy(aws, bucket)
    head = aws.s3.head_object(Bucket=bucket, Key="target")
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"customer": "c-1"})
    tags = aws.s3.get_object_tagging(Bucket=bucket, Key="target")["TagSet"]
    assert tags == [{"Key": "kind", "Value": "report"}]


@behaviour("s3.copy-replaces-metadata")
def test_copy_with_metadata_of_its_own(aws: Aws) -> None:
    bucket = create_bucket(aws)
    aws.s3.put_object(Bucket=bucket, Key="source", Body=b"x", Metadata={"old": "1"}, ContentType="text/csv")
    copy(aws, bucket, MetadataDirective="REPLACE", Metadata={"new": "2"})
    head = aws.s3.head_object(Bucket=bucket, Key="target")
    assert head["Metadata"] == {"new": "2"}
    assert head["ContentType"] == "binary/octet-stream"


@behaviour("s3.copy-onto-itself")
def test_copy_onto_itself(aws: Aws) -> None:
    bucket, _, _ = two_objects(aws)
    assert refused(copy, aws=aws, bucket=bucket, key="source") == "InvalidRequest"


@behaviour("s3.copy-keeps-checksum")
def test_copy_has_the_checksum(aws: Aws) -> None:
    bucket = create_bucket(aws)
    put = aws.s3.put_object(Bucket=bucket, Key="source", Body=b"x", ChecksumAlgorithm="SHA256")
    copy(aws, bucket)
    head = aws.s3.head_object(Bucket=bucket, Key="target", ChecksumMode="ENABLED")
    assert put.get("ChecksumSHA256")
    assert head.get("ChecksumSHA256") == put["ChecksumSHA256"]


@behaviour("s3.copy-part-of-a-version")
def test_part_from_a_range_of_a_version(aws: Aws) -> None:
    bucket = create_bucket(aws, versioned=True)
    old = aws.s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")["VersionId"]
    aws.s3.put_object(Bucket=bucket, Key="source", Body=b"new")
    target = {"Bucket": bucket, "Key": "target"}
    upload = aws.s3.create_multipart_upload(**target)["UploadId"]
    source = {"Bucket": bucket, "Key": "source", "VersionId": old}
    part = aws.s3.upload_part_copy(
        **target, UploadId=upload, PartNumber=1, CopySource=source, CopySourceRange="bytes=2-5"
    )["CopyPartResult"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    aws.s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload=parts)
    assert body_of(aws, bucket, "target") == b"2345"


@behaviour("s3.wrong-checksum")
def test_wrong_checksum(aws: Aws) -> None:
    bucket = create_bucket(aws)
    wrong = hashlib.sha256(b"other").digest()
    encoded = base64.b64encode(wrong).decode()
    put = {"Bucket": bucket, "Key": "key", "Body": b"x", "ChecksumSHA256": encoded}
    assert refused(aws.s3.put_object, **put) in {"BadDigest", "InvalidRequest"}
    assert refused(aws.s3.get_object, Bucket=bucket, Key="key") == "NoSuchKey"


@behaviour("s3.multipart-etag")
def test_etag_of_parts(aws: Aws) -> None:
    bodies = [b"a" * PART_BYTES, b"b"]
    bucket = create_bucket(aws)
    etag = upload_in_parts(aws, bucket, "key", bodies)["ETag"]
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert etag.strip('"') == f"{hashlib.md5(digests).hexdigest()}-2"


@behaviour("s3.small-part")
def test_small_part(aws: Aws) -> None:
    bucket = create_bucket(aws)
    with pytest.raises(ClientError, match="EntityTooSmall"):
        upload_in_parts(aws, bucket, "key", [b"small", b"last"])


@behaviour("s3.versions")
def test_versions_and_markers(aws: Aws) -> None:
    bucket = create_bucket(aws, versioned=True)
    ids = [aws.s3.put_object(Bucket=bucket, Key="key", Body=body)["VersionId"] for body in (b"1", b"2")]
    deleted = aws.s3.delete_object(Bucket=bucket, Key="key")
    assert deleted["DeleteMarker"] is True
    assert refused(aws.s3.get_object, Bucket=bucket, Key="key") == "NoSuchKey"
    assert body_of(aws, bucket, "key", VersionId=ids[0]) == b"1"
    listed = aws.s3.list_object_versions(Bucket=bucket, Prefix="key")
    assert [version["VersionId"] for version in listed["Versions"]] == ids[::-1]
    assert [marker["IsLatest"] for marker in listed["DeleteMarkers"]] == [True]
    aws.s3.delete_object(Bucket=bucket, Key="key", VersionId=deleted["VersionId"])
    assert body_of(aws, bucket, "key") == b"2"


@behaviour("s3.null-version")
def test_null_version(aws: Aws) -> None:
    bucket = create_bucket(aws, versioned=True)
    first = aws.s3.put_object(Bucket=bucket, Key="key", Body=b"1")["VersionId"]
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for body in (b"2", b"3"):
        aws.s3.put_object(Bucket=bucket, Key="key", Body=body)
    listed = aws.s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [version["VersionId"] for version in listed] == ["null", first]
    assert body_of(aws, bucket, "key", VersionId="null") == b"3"


@behaviour("s3.missing-key")
def test_missing_key(aws: Aws) -> None:
    bucket = create_bucket(aws)
    assert refused(aws.s3.get_object, Bucket=bucket, Key="none") == "NoSuchKey"
    assert refused(aws.s3.head_object, Bucket=bucket, Key="none") == "404"


@behaviour("s3.delete-again")
def test_delete_of_nothing(aws: Aws) -> None:
    answer = aws.s3.delete_object(Bucket=create_bucket(aws), Key="none")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


@behaviour("s3.full-bucket")
def test_delete_of_a_full_bucket(aws: Aws) -> None:
    bucket = create_bucket(aws)
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    assert refused(aws.s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"


@behaviour("s3.long-key")
def test_long_key(aws: Aws) -> None:
    bucket = create_bucket(aws)
    aws.s3.put_object(Bucket=bucket, Key="é" * 512, Body=b"x")
    assert refused(aws.s3.put_object, Bucket=bucket, Key="é" * 513, Body=b"x") == "KeyTooLongError"


@behaviour("s3.listing")
def test_listing(aws: Aws) -> None:
    bucket = create_bucket(aws)
    keys = ["B", "a", "a/1", "a/2", "b"]
    assert pages_of(aws, bucket, keys) == [keys[:2], keys[2:4], keys[4:]]
    folders = aws.s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="a")
    assert [each["Prefix"] for each in folders["CommonPrefixes"]] == ["a/"]
    assert [each["Key"] for each in folders["Contents"]] == ["a"]


@behaviour("s3.listing-of-odd-keys")
def test_listing_of_odd_keys(aws: Aws) -> None:
    keys = ["a b", "a+b", "a1", "é", "😀"]
    assert pages_of(aws, create_bucket(aws), keys) == [keys[:2], keys[2:4], keys[4:]]


def pages_of(aws: Aws, bucket: str, keys: list[str]) -> list[list[str]]:
    """Put objects, list them two at a time."""
    for key in reversed(keys):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    return [[each["Key"] for each in page["Contents"]] for page in pages]


@behaviour("s3.range")
def test_range(aws: Aws) -> None:
    target = {"Bucket": create_bucket(aws), "Key": "key"}
    aws.s3.put_object(**target, Body=b"0123456789")
    answer = aws.s3.get_object(**target, Range="bytes=2-4")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert refused(aws.s3.get_object, **target, Range="bytes=10-20") == "InvalidRange"


@behaviour("s3.bucket-policy")
def test_bucket_policy(aws: Aws) -> None:
    bucket = create_bucket(aws)
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def denied() -> bool:
        try:
            aws.s3.get_object(Bucket=bucket, Key="key")
        except ClientError as exc:
            return bool(exc.response["Error"]["Code"] == "AccessDenied")
        return False

    eventually(denied, deadline_s=10)
