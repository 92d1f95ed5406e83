"""The calls that are rare or large (multipart, listing, copy, delete, odd keys) through boto3 in threads.

boto3 gives what obstore lacks: keys that end with a slash, paged listing with a delimiter, parts under our
own control with an abort, and copies that name a version. Bulk and small calls have their own threads, so
that large uploads on a slow S3 cannot starve the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import botocore.exceptions
from botocore.config import Config

from harness import aws
from harness.engines.base import EngineInfo
from harness.sftp.storage import list_pages
from harness.sftp.storage.base import (
    ListPage,
    Metadata,
    ObjectInfo,
    Part,
    StorageBusyError,
    StorageError,
    StoredObject,
)
from harness.sftp.storage.errors import error_for_code

_BULK_THREADS = 8
_SMALL_THREADS = 8
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 3},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=_BULK_THREADS + _SMALL_THREADS,
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_MAX_COPY_BYTES = 5 * 1024**3
_COPY_PART_BYTES = 512 * 1024**2

T = TypeVar("T")


class Boto3Client:
    """boto3's S3 client for coroutines."""

    def __init__(self, engine: EngineInfo) -> None:
        self._s3 = aws.client("s3", engine, config=_CONFIG)
        list_pages.take_over(self._s3)
        self._bulk = ThreadPoolExecutor(_BULK_THREADS, "s3-bulk")
        self._small = ThreadPoolExecutor(_SMALL_THREADS, "s3-small")

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        return _stored(
            await self._call(self._s3.put_object, Bucket=bucket, Key=key, Body=data, Metadata=dict(metadata))
        )

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:
        answer = await self._call(
            self._s3.create_multipart_upload, Bucket=bucket, Key=key, Metadata=dict(metadata)
        )
        return str(answer["UploadId"])

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        answer = await self._run(
            self._bulk,
            lambda: self._s3.upload_part(
                Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=data
            ),
        )
        return Part(number, answer["ETag"])

    async def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]
    ) -> StoredObject:
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        return _stored(
            await self._call(
                self._s3.complete_multipart_upload,
                Bucket=bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": listed},
            )
        )

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        await self._call(self._s3.abort_multipart_upload, Bucket=bucket, Key=key, UploadId=upload_id)

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        answer = await self._call(self._s3.head_object, Bucket=bucket, Key=key)
        return ObjectInfo(
            key=key,
            size_bytes=answer["ContentLength"],
            modified_at=answer["LastModified"].timestamp(),
            etag=answer["ETag"].strip('"'),
            version_id=answer.get("VersionId"),
        )

    async def read(self, bucket: str, info: ObjectInfo, start: int, end: int) -> bytes:
        version = {"VersionId": info.version_id} if info.version_id else {"IfMatch": info.etag}

        def get() -> bytes:
            answer = self._s3.get_object(
                Bucket=bucket, Key=info.key, Range=f"bytes={start}-{end - 1}", **version
            )
            return bytes(answer["Body"].read())

        return await self._run(self._bulk, get)

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        more = {"ContinuationToken": token} if token else {}
        answer = await self._call(
            self._s3.list_objects_v2, Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=limit, **more
        )
        page: ListPage = answer[list_pages.PAGE]
        return page

    async def has_keys(self, bucket: str, prefix: str, *, besides: str | None = None) -> bool:
        answer = await self._call(self._s3.list_objects_v2, Bucket=bucket, Prefix=prefix, MaxKeys=2)
        page: ListPage = answer[list_pages.PAGE]
        return any(info.key != besides for info in page.objects)

    async def copy(self, bucket: str, source: ObjectInfo, to_bucket: str, to_key: str) -> StoredObject:
        if source.size_bytes > _MAX_COPY_BYTES:
            return await self._copy_by_parts(bucket, source, to_bucket, to_key)
        return _stored(
            await self._call(
                self._s3.copy_object, Bucket=to_bucket, Key=to_key, CopySource=_copy_source(bucket, source)
            )
        )

    async def _copy_by_parts(
        self, bucket: str, source: ObjectInfo, to_bucket: str, to_key: str
    ) -> StoredObject:
        """CopyObject ends at 5 GB: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
        described = await self._call(self._s3.head_object, Bucket=bucket, Key=source.key)
        upload_id = await self.create_multipart(to_bucket, to_key, described["Metadata"])
        try:
            parts = []
            for number, start in enumerate(range(0, source.size_bytes, _COPY_PART_BYTES), 1):
                end = min(start + _COPY_PART_BYTES, source.size_bytes)
                answer = await self._call(
                    self._s3.upload_part_copy,
                    Bucket=to_bucket,
                    Key=to_key,
                    UploadId=upload_id,
                    PartNumber=number,
                    CopySource=_copy_source(bucket, source),
                    CopySourceRange=f"bytes={start}-{end - 1}",
                )
                parts.append(Part(number, answer["CopyPartResult"]["ETag"]))
            return await self.complete_multipart(to_bucket, to_key, upload_id, parts)
        except StorageError:
            await self.abort_multipart(to_bucket, to_key, upload_id)
            raise

    async def delete(self, bucket: str, key: str) -> None:
        await self._call(self._s3.delete_object, Bucket=bucket, Key=key)

    def close(self) -> None:
        for pool in (self._small, self._bulk):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _call(self, function: Callable[..., Any], **arguments: Any) -> Any:
        return await self._run(self._small, lambda: function(**arguments))

    async def _run(self, pool: ThreadPoolExecutor, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: _translated(function))


def _translated(function: Callable[[], T]) -> T:
    try:
        return function()
    except botocore.exceptions.ClientError as exc:
        error = exc.response.get("Error", {})
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise error_for_code(error.get("Code", "Unknown"), error.get("Message", str(exc)), status) from exc
    except botocore.exceptions.ConnectionError as exc:
        raise StorageBusyError(f"S3 cannot be reached: {exc}", code="ConnectError") from exc
    except botocore.exceptions.HTTPClientError as exc:
        raise StorageBusyError(f"S3 did not answer: {exc}", code="RequestTimeout") from exc
    except botocore.exceptions.BotoCoreError as exc:
        raise StorageError(str(exc), code=type(exc).__name__) from exc


def _stored(answer: dict[str, Any]) -> StoredObject:
    etag = answer.get("ETag") or answer["CopyObjectResult"]["ETag"]
    return StoredObject(etag.strip('"'), answer.get("VersionId"))


def _copy_source(bucket: str, source: ObjectInfo) -> dict[str, str]:
    version = {"VersionId": source.version_id} if source.version_id else {}
    return {"Bucket": bucket, "Key": source.key, **version}
