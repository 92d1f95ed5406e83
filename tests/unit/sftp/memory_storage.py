"""Storage in memory, for tests of what sits on top of S3; faults are subclasses of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from harness.sftp.storage.base import (
    ListPage,
    Metadata,
    ObjectInfo,
    ObjectNotFoundError,
    Part,
    StoredObject,
)


class MemoryStorage:
    """Keeps objects and parts in dictionaries."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.calls: list[str] = []

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        self.calls.append("put")
        self.objects[key] = bytes(data)
        self.metadata[key] = dict(metadata)
        return self._stored(key)

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:
        self.calls.append("create_multipart")
        self.parts[key] = {}
        self.metadata[key] = dict(metadata)
        return key

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        self.calls.append("put_part")
        self.parts[upload_id][number] = bytes(data)
        return Part(number, f"part-{number}")

    async def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]
    ) -> StoredObject:
        self.calls.append("complete_multipart")
        kept = self.parts.pop(upload_id)
        self.objects[key] = b"".join(kept[part.number] for part in parts)
        return self._stored(key)

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        self.calls.append("abort_multipart")
        del self.parts[upload_id]

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        if key not in self.objects:
            raise ObjectNotFoundError("Not Found", code="NoSuchKey")
        return ObjectInfo(key, len(self.objects[key]), 0.0, "etag", "v1")

    async def read(self, bucket: str, info: ObjectInfo, start: int, end: int) -> bytes:
        self.calls.append(f"read {start}-{end}")
        return self.objects[info.key][start:end]

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        found = sorted({prefix + rest.split("/")[0] + "/" * ("/" in rest) for rest in self._below(prefix)})
        start = int(token or 0)
        page, more = found[start : start + limit], start + limit < len(found)
        prefixes = [name for name in page if name.endswith("/") and name != prefix]
        files = [name for name in page if name not in prefixes]
        objects = [ObjectInfo(name, len(self.objects[name]), 0.0) for name in files]
        return ListPage(objects, prefixes, str(start + limit) if more else None)

    async def has_keys(self, bucket: str, prefix: str, *, besides: str | None = None) -> bool:
        return any(key.startswith(prefix) and key != besides for key in self.objects)

    async def copy(self, bucket: str, source: ObjectInfo, to_bucket: str, to_key: str) -> StoredObject:
        self.objects[to_key] = self.objects[source.key]
        return self._stored(to_key)

    async def delete(self, bucket: str, key: str) -> None:
        self.objects.pop(key, None)

    async def close(self) -> None:
        """Nothing to release."""

    def _below(self, prefix: str) -> list[str]:
        return [key[len(prefix) :] for key in self.objects if key.startswith(prefix)]

    def _stored(self, key: str) -> StoredObject:
        return StoredObject(hashlib.md5(self.objects[key]).hexdigest(), "v1")


async def always() -> None:
    """A permission that nobody withdraws."""
