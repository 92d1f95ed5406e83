"""From a stream of bytes to one S3 object, in bounded memory.

What fits into one part is written by one PutObject at the end; anything larger becomes a multipart upload
whose parts leave while the client still sends. The object appears only in `finish`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from harness import clock
from harness.sftp import in_doubt
from harness.sftp.storage.base import (
    Metadata,
    ObjectNotFoundError,
    Part,
    Storage,
    StorageBusyError,
    StorageError,
    StoredObject,
)

_PARTS_PER_STEP = 700
_MAX_GROWN_PART_BYTES = 1024**3
MAX_FILE_BYTES = 5 * 1024**4
"""https://docs.aws.amazon.com/general/latest/gr/transfer-service.html"""
_ABORT_DELAYS_S = (0.5, 2.0, 8.0)


@dataclass(frozen=True)
class Target:
    """Where an upload goes."""

    bucket: str
    key: str
    metadata: Metadata


def part_size(base_bytes: int, number: int) -> int:
    """Return the size of part `number` (counted from 1): the base, doubled after every 700 parts up to 1 GiB.

    S3 takes 10,000 parts and objects of 5 TB
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). With the smallest base that S3 allows
    5 TB fit; with a base of 8 MiB, memory stays the same up to 5.9 GB.
    """
    grown = base_bytes * int(2 ** ((number - 1) // _PARTS_PER_STEP))
    return min(grown, max(base_bytes, _MAX_GROWN_PART_BYTES))


class _Slots:
    """A part needs one of its upload's, and one of all uploads': with a slow S3, many uploads would else each
    fill their own.
    """

    def __init__(self, own: asyncio.Semaphore, shared: asyncio.Semaphore | None) -> None:
        self._own = own
        self._shared = shared

    async def acquire(self) -> None:
        await self._own.acquire()
        if self._shared is None:
            return
        try:
            await self._shared.acquire()
        except BaseException:
            self._own.release()
            raise

    def release(self) -> None:
        self._own.release()
        if self._shared is not None:
            self._shared.release()


class PartWriter:
    """Writes one object front to back.

    Memory: the part that is being filled, and `parts_in_flight` that are on their way. When those are slow,
    `append` waits, the SSH window closes and the client waits too.
    """

    def __init__(
        self,
        storage: Storage,
        target: Target,
        *,
        base_part_bytes: int,
        parts_in_flight: int,
        shared_slots: asyncio.Semaphore | None = None,
        max_bytes: int = MAX_FILE_BYTES,
        on_multipart: Callable[[str], None] = lambda _: None,
    ) -> None:
        """:param shared_slots: taken by the parts of all uploads of the process together
        :param on_multipart: told the id of the multipart upload, when there is one
        """
        self._storage = storage
        self._target = target
        self._base_part_bytes = base_part_bytes
        self._max_bytes = max_bytes
        self.size_bytes = 0
        """What was taken so far."""
        self._slots = _Slots(asyncio.Semaphore(parts_in_flight), shared_slots)
        self._on_multipart = on_multipart
        self._began_at = clock.now()
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._tasks: list[asyncio.Task[Part]] = []
        self._error: StorageError | None = None
        self._sending = asyncio.Lock()

    async def append(self, data: bytes) -> None:
        """Take the next bytes of the stream. Raises `StorageError` as soon as a part has failed, or when the
        object would be larger than S3 allows.
        """
        if self.size_bytes + len(data) > self._max_bytes:
            raise StorageError("the file is larger than 5 TB", code="EntityTooLarge")
        self._buffer += data
        self.size_bytes += len(data)
        while len(self._buffer) > self._next_part_bytes:
            await self._send_part(self._next_part_bytes)

    async def finish(self) -> StoredObject:
        """Make the object appear. Raises `StorageError`; the object is then not there, as far as S3 tells."""
        bucket, key = self._target.bucket, self._target.key
        if self._upload_id is None:
            data, self._buffer = self._buffer, bytearray()
            storing = self._storage.put(bucket, key, data, self._target.metadata)
            return await self._stored(storing, lambda: in_doubt.etag_of(data))
        if self._buffer:
            await self._send_part(len(self._buffer))
        parts = await asyncio.gather(*self._tasks)
        storing = self._storage.complete_multipart(bucket, key, self._upload_id, parts)
        return await self._stored(storing, lambda: in_doubt.etag_of_parts(parts))

    async def _stored(
        self, storing: Coroutine[Any, Any, StoredObject], etag: Callable[[], str]
    ) -> StoredObject:
        """:param etag: makes the ETag that the object must have, where that must be known"""
        bucket, key = self._target.bucket, self._target.key
        try:
            return await storing
        except (StorageBusyError, ObjectNotFoundError) as exc:
            found = await in_doubt.find_stored(
                self._storage, bucket, key, etag=etag(), since=self._began_at, why=exc
            )
            if found is None:
                raise
            return found

    async def abort(self, on_failure: Callable[[StorageError], None]) -> None:
        """Throw everything away, parts in S3 included. A failure that lasts is reported, not raised: the
        client is gone, and a lifecycle rule of the bucket is the last resort.

        Whoever is in `append` meanwhile gets an error: the call that begins a multipart upload is awaited
        here, or the upload that it makes would stay.
        """
        self._error = self._error or StorageError("the upload was given up", code="Aborted")
        async with self._sending:
            self._buffer = bytearray()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._upload_id is None:
            return
        for delay_s in (*_ABORT_DELAYS_S, None):
            try:
                await self._storage.abort_multipart(self._target.bucket, self._target.key, self._upload_id)
            except ObjectNotFoundError:
                return
            except StorageError as exc:
                if delay_s is None:
                    on_failure(exc)
                else:
                    await asyncio.sleep(delay_s)
            else:
                return

    @property
    def _next_part_bytes(self) -> int:
        return part_size(self._base_part_bytes, len(self._tasks) + 1)

    async def _send_part(self, size_bytes: int) -> None:
        async with self._sending:
            await self._slots.acquire()
            try:
                self._check()
                if self._upload_id is None:
                    self._upload_id = await self._storage.create_multipart(
                        self._target.bucket, self._target.key, self._target.metadata
                    )
                    self._on_multipart(self._upload_id)
                    self._check()
            except BaseException:
                self._slots.release()
                raise
            data, number = self._take(size_bytes), len(self._tasks) + 1
            self._tasks.append(asyncio.create_task(self._put_part(self._upload_id, number, data)))

    def _check(self) -> None:
        """:raises StorageError: a part has failed, or the upload was given up"""
        if self._error is not None:
            raise self._error

    def _take(self, size_bytes: int) -> bytearray:
        """Cut the next part off without copying it: only the small rest is copied."""
        rest = self._buffer[size_bytes:]
        del self._buffer[size_bytes:]
        data, self._buffer = self._buffer, rest
        return data

    async def _put_part(self, upload_id: str, number: int, data: bytearray) -> Part:
        try:
            return await self._storage.put_part(
                self._target.bucket, self._target.key, upload_id, number, data
            )
        except StorageError as exc:
            self._error = exc
            raise
        finally:
            self._slots.release()
