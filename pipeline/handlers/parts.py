"""Copies objects that are too large for one `CopyObject`, part by part, inside S3.

Content type, the other system metadata, user metadata and tags of the source are kept.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from typing import TYPE_CHECKING, Any

from pipeline.handlers import destination
from pipeline.handlers.deadline import Deadline
from pipeline.handlers.events import Upload
from pipeline.handlers.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef

_MAX_PARTS = 10_000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_KEPT_METADATA = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
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
    settings: Settings,
    *,
    condition: Mapping[str, str],
    pool: Executor,
    deadline: Deadline,
) -> str | None:
    """Copy and return the destination's version id. On any failure nothing is left behind.

    :param condition: `IfNoneMatch` or `IfMatch` of the last request, which makes the object appear
    """
    place: dict[str, Any] = {"Bucket": settings.destination_bucket, "Key": upload.key}
    place["UploadId"] = s3.create_multipart_upload(**place, **_kept(s3, upload))["UploadId"]
    try:
        done = _copy_parts(s3, upload, settings, place, pool, deadline)
        answer = s3.complete_multipart_upload(**place, MultipartUpload={"Parts": done}, **condition)  # type: ignore[arg-type]
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
    settings: Settings,
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

    ranges = byte_ranges(upload.size_bytes, settings.part_size_bytes)
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


def byte_ranges(size_bytes: int, part_size_bytes: int) -> Iterator[str]:
    """Return the parts of an object as `CopySourceRange` texts, with at most 10,000 parts."""
    step = max(part_size_bytes, math.ceil(size_bytes / _MAX_PARTS))
    for start in range(0, size_bytes, step):
        yield f"bytes={start}-{min(start + step, size_bytes) - 1}"
