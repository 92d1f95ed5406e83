"""Emptying and deleting S3 buckets, with all versions, delete markers and unfinished uploads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.aws import translated
from harness.exceptions import AwsError

_BATCH = 1000
"""As many keys as DeleteObjects takes."""
_GONE = frozenset({"NoSuchBucket", "404"})


def empty(s3: Any, bucket: str, prefix: str = "") -> None:
    """Delete everything below a prefix; a bucket that has gone is empty.

    :raises AwsError: S3 refuses to delete something, which is named
    """
    try:
        with translated(f"emptying the bucket {bucket}"):
            for batch in _batches(s3, bucket, prefix):
                _delete(s3, bucket, batch)
            for upload in _unfinished(s3, bucket, prefix):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    except AwsError as exc:
        if exc.code not in _GONE:
            raise


def delete(s3: Any, bucket: str) -> None:
    """Delete an emptied bucket; one that has gone already is no error.

    :raises AwsError: it is not empty, or S3 refuses
    """
    try:
        with translated(f"deleting the bucket {bucket}"):
            s3.delete_bucket(Bucket=bucket)
    except AwsError as exc:
        if exc.code not in _GONE:
            raise


def delete_if_empty(s3: Any, bucket: str) -> None:
    """Delete a bucket unless there is something in it."""
    try:
        delete(s3, bucket)
    except AwsError as exc:
        if exc.code != "BucketNotEmpty":
            raise


def _batches(s3: Any, bucket: str, prefix: str) -> Iterator[list[dict[str, str]]]:
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _BATCH}
    )
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _delete(s3: Any, bucket: str, objects: list[dict[str, str]]) -> None:
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    if errors := answer.get("Errors"):
        first = errors[0]
        raise AwsError(
            f"{len(errors)} objects of {bucket} were not deleted, for example {first['Key']}: "
            f"{first.get('Message', first['Code'])}",
            code=first["Code"],
        )


def _unfinished(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Uploads", [])
