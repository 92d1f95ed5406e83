"""Reads of one S3 object at any offset, by ranged GETs with read-ahead.

Clients ask for some 32 KiB at a time, mostly in order. Each GET fetches a chunk; when reading is in order,
the next chunk is fetched meanwhile. All ranges come from the version that was there when the file was
opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from harness.sftp.storage.base import ObjectInfo, Storage

CHUNK_BYTES = 2 * 1024 * 1024


class RangeReader:
    """Holds at most two chunks.

    :param require: called before each GET; raises when the user may no longer read the object
    """

    def __init__(
        self,
        storage: Storage,
        bucket: str,
        info: ObjectInfo,
        *,
        require: Callable[[], Awaitable[None]],
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._storage = storage
        self._bucket = bucket
        self._info = info
        self._require = require
        self._chunk_bytes = chunk_bytes
        self._start = 0
        self._chunk = b""
        self._ahead: tuple[int, asyncio.Task[bytes]] | None = None

    async def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes at `offset`; empty at the end. Raises `StorageError`, and what
        `require` raises.
        """
        if offset >= self._info.size_bytes or length <= 0:
            return b""
        if not self._start <= offset < self._start + len(self._chunk):
            await self._load(offset)
        inside = offset - self._start
        return self._chunk[inside : inside + length]

    async def close(self) -> None:
        """Drop what was fetched ahead."""
        if self._ahead is not None:
            self._ahead[1].cancel()
            await asyncio.gather(self._ahead[1], return_exceptions=True)
            self._ahead = None

    async def _load(self, offset: int) -> None:
        in_order = offset == self._start + len(self._chunk)
        if self._ahead is not None and self._ahead[0] == offset:
            task, self._ahead = self._ahead[1], None
            chunk = await task
        else:
            await self.close()
            chunk = await self._fetch(offset)
        self._start, self._chunk = offset, chunk
        following = offset + len(chunk)
        if in_order and following < self._info.size_bytes:
            self._ahead = (following, asyncio.create_task(self._fetch(following)))

    async def _fetch(self, start: int) -> bytes:
        await self._require()
        end = min(start + self._chunk_bytes, self._info.size_bytes)
        return await self._storage.read(self._bucket, self._info, start, end)
