"""S3 through the cheaper of two clients that can do the call."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engines.base import EngineInfo
from harness.sftp.storage.base import ListPage, Metadata, ObjectInfo, Part, StoredObject
from harness.sftp.storage.boto3_client import Boto3Client
from harness.sftp.storage.obstore_client import ObstoreClient


class S3Storage:
    """The `Storage` that the server uses. See the two clients for who does what, and why."""

    def __init__(self, engine: EngineInfo) -> None:
        self._cheap = ObstoreClient(engine)
        self._full = Boto3Client(engine)

    def _client(self, key: str) -> ObstoreClient | Boto3Client:
        return self._cheap if self._cheap.can_name(key) else self._full

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        return await self._client(key).put(bucket, key, data, metadata)

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        return await self._client(key).head(bucket, key)

    async def read(self, bucket: str, info: ObjectInfo, start: int, end: int) -> bytes:
        return await self._client(info.key).read(bucket, info, start, end)

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:
        return await self._full.create_multipart(bucket, key, metadata)

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        return await self._full.put_part(bucket, key, upload_id, number, data)

    async def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]
    ) -> StoredObject:
        return await self._full.complete_multipart(bucket, key, upload_id, parts)

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        await self._full.abort_multipart(bucket, key, upload_id)

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        return await self._full.list_page(bucket, prefix, token, limit)

    async def has_keys(self, bucket: str, prefix: str, *, besides: str | None = None) -> bool:
        return await self._full.has_keys(bucket, prefix, besides=besides)

    async def copy(self, bucket: str, source: ObjectInfo, to_bucket: str, to_key: str) -> StoredObject:
        return await self._full.copy(bucket, source, to_bucket, to_key)

    async def delete(self, bucket: str, key: str) -> None:
        await self._client(key).delete(bucket, key)

    async def close(self) -> None:
        self._full.close()
