"""The SFTP front end with a sink for storage: `python -m benchmarks.sftp_sink_server CONFIG`.

Shows what the front end itself can do when S3 costs nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.engines.base import EngineInfo
from harness.sftp.__main__ import main
from harness.sftp.storage.base import (
    ListPage,
    Metadata,
    ObjectInfo,
    ObjectNotFoundError,
    Part,
    StoredObject,
)

STORED = StoredObject("0" * 32, "sink")
HUGE_FOLDER_KEYS = 100_000
_ZEROS = bytes(16 * 1024 * 1024)


class Sink:
    """Takes objects and keeps only their sizes; gives zeros back. `huge/` has 100,000 keys."""

    def __init__(self, engine: EngineInfo) -> None:  # noqa: ARG002
        self._sizes: dict[str, int] = {}
        self._parts: dict[str, int] = {}

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:  # noqa: ARG002
        self._sizes[key] = len(data)
        return STORED

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:  # noqa: ARG002
        self._parts[key] = 0
        return key

    async def put_part(
        self,
        bucket: str,  # noqa: ARG002
        key: str,
        upload_id: str,  # noqa: ARG002
        number: int,
        data: bytes | bytearray,
    ) -> Part:
        self._parts[key] += len(data)
        return Part(number, str(number))

    async def complete_multipart(
        self,
        bucket: str,  # noqa: ARG002
        key: str,
        upload_id: str,  # noqa: ARG002
        parts: Sequence[Part],  # noqa: ARG002
    ) -> StoredObject:
        self._sizes[key] = self._parts.pop(key)
        return STORED

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:  # noqa: ARG002
        self._parts.pop(key, None)

    async def head(self, bucket: str, key: str) -> ObjectInfo:  # noqa: ARG002
        if key not in self._sizes:
            raise ObjectNotFoundError("Not Found", code="NoSuchKey")
        return ObjectInfo(key, self._sizes[key], 0.0, STORED.etag, STORED.version_id)

    async def read(self, bucket: str, info: ObjectInfo, start: int, end: int) -> bytes:  # noqa: ARG002
        return _ZEROS[: end - start]

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:  # noqa: ARG002
        if not prefix.endswith("huge/"):
            return ListPage([], [], None)
        start = int(token or 0)
        end = min(start + limit, HUGE_FOLDER_KEYS)
        objects = [ObjectInfo(f"{prefix}file-{number:06}", number, 0.0) for number in range(start, end)]
        return ListPage(objects, [], str(end) if end < HUGE_FOLDER_KEYS else None)

    async def has_keys(self, bucket: str, prefix: str, *, besides: str | None = None) -> bool:  # noqa: ARG002
        return prefix.endswith("huge/")

    async def copy(self, bucket: str, source: ObjectInfo, to_bucket: str, to_key: str) -> StoredObject:  # noqa: ARG002
        self._sizes[to_key] = source.size_bytes
        return STORED

    async def delete(self, bucket: str, key: str) -> None:  # noqa: ARG002
        self._sizes.pop(key, None)

    async def close(self) -> None:
        """Nothing to release."""


if __name__ == "__main__":
    main(sys.argv[1:], Sink)
