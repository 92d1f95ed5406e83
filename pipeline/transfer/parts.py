"""Copies an object part by part, inside S3: it is too large for one `CopyObject`, or must get another ETag.

Content type, the other system metadata, user metadata and tags of the source are kept.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from typing import TYPE_CHECKING, Any

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.transfer import destination
from pipeline.transfer.plans import Plan

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef

_KEPT_METADATA = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "WebsiteRedirectLocation",
)


def source(upload: Upload) -> dict[str, Any]:
    """Return the arguments that name the uploaded version."""
    version = {"VersionId": upload.version_id} if upload.version_id else {}
    return {"Bucket": upload.bucket, "Key": upload.key, **version}


def copy_source(upload: Upload) -> CopySourceTypeDef:
    """Return the uploaded version as a copy's source; botocore does the encoding of the key."""
    named: Any = source(upload)
    return named  # type: ignore[no-any-return]


def copy_by_parts(
    s3: S3Client,
    upload: Upload,
    bucket: str,
    plan: Plan,
    pool: Executor,
    deadline: Deadline,
    *,
    key: str | None = None,
) -> str | None:
    """Copy to `bucket` and return the destination's version id. On any failure nothing is left behind.

    :param key: where to; the same key unless it is given
    """
    place: dict[str, Any] = {"Bucket": bucket, "Key": key or upload.key}
    place["UploadId"] = s3.create_multipart_upload(**place, **_kept(s3, upload))["UploadId"]
    try:
        done = _copy_parts(s3, upload, plan.part_size_bytes or upload.size_bytes, place, pool, deadline)
        answer = s3.complete_multipart_upload(
            **place,
            MultipartUpload={"Parts": done},
            **plan.condition,  # type: ignore[arg-type]
        )
    except BaseException:
        s3.abort_multipart_upload(**place)
        raise
    return answer.get("VersionId")


def _kept(s3: S3Client, upload: Upload) -> dict[str, Any]:
    named = source(upload)
    head: Mapping[str, Any] = s3.head_object(**named)
    tags = s3.get_object_tagging(**named)["TagSet"]
    kept = {name: head[name] for name in _KEPT_METADATA if head.get(name)}
    return {**kept, "Tagging": destination.tagging(upload, tags)}


def _copy_parts(
    s3: S3Client,
    upload: Upload,
    part_size_bytes: int,
    place: dict[str, Any],
    pool: Executor,
    deadline: Deadline,
) -> list[CompletedPartTypeDef]:
    def copy_part(number: int, byte_range: str) -> CompletedPartTypeDef:
        deadline.check()
        answer = s3.upload_part_copy(
            **place, PartNumber=number, CopySource=copy_source(upload), CopySourceRange=byte_range
        )
        return {"ETag": answer["CopyPartResult"]["ETag"], "PartNumber": number}

    if upload.size_bytes == 0:
        return [_empty_part(s3, place)]
    ranges = byte_ranges(upload.size_bytes, part_size_bytes)
    futures = [pool.submit(copy_part, number, text) for number, text in enumerate(ranges, start=1)]
    return _results(futures)


def _results(futures: list[Future[CompletedPartTypeDef]]) -> list[CompletedPartTypeDef]:
    """Return all results in order. After a first failure, wait for what runs: an upload that is aborted while
    a part is being written keeps that part.
    """
    wait(futures, return_when=FIRST_EXCEPTION)
    if any(future.done() and not future.cancelled() and future.exception() for future in futures):
        for future in futures:
            future.cancel()
        wait(futures)
    return [future.result() for future in futures if not future.cancelled()]


def _empty_part(s3: S3Client, place: dict[str, Any]) -> CompletedPartTypeDef:
    """Write the one part of an empty object: there is no byte range that could be copied."""
    return {"ETag": s3.upload_part(**place, PartNumber=1, Body=b"")["ETag"], "PartNumber": 1}


def byte_ranges(size_bytes: int, part_size_bytes: int) -> Iterator[str]:
    """Return the parts of an object as `CopySourceRange` texts."""
    for start in range(0, size_bytes, part_size_bytes):
        yield f"bytes={start}-{min(start + part_size_bytes, size_bytes) - 1}"
