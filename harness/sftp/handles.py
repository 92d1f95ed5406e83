"""Open files: what a client holds between OPEN and CLOSE."""

from __future__ import annotations

import asyncio
import sys
from typing import Protocol

from asyncssh import SFTPAttrs, SFTPFailure

from harness import clock
from harness.sftp import attributes
from harness.sftp.directories import Mapped
from harness.sftp.downloads import RangeReader
from harness.sftp.journal import UploadRef
from harness.sftp.session import Session
from harness.sftp.status import TRANSLATED, sftp_error
from harness.sftp.storage.base import ObjectInfo, StorageError, StoredObject
from harness.sftp.uploads import PartWriter, Target
from harness.sftp.window import RandomWriteError, WriteWindow


class OpenFile(Protocol):
    """Methods raise `SFTPError`."""

    @property
    def real_path(self) -> str:
        """`/bucket/key`."""

    async def read(self, offset: int, length: int) -> bytes: ...
    async def write(self, offset: int, data: bytes) -> None: ...
    def attributes(self) -> SFTPAttrs: ...
    async def close(self) -> None:
        """The client closed the file."""

    def abandon(self, reason: str) -> None:
        """The client is gone without closing it."""


class Upload:
    """A file that is being written. Nothing is visible in S3 before `close` has succeeded."""

    def __init__(self, session: Session, place: Mapped, *, replaces: ObjectInfo | None) -> None:
        """:param replaces: the object that a client opened without TRUNC; all of it must be written again"""
        services = session.services
        self._session = session
        self._place = place
        self._replaces = replaces
        self._window = WriteWindow()
        self._failure: Exception | None = None
        self._writer = PartWriter(
            services.storage,
            Target(place.bucket, place.key, session.object_metadata),
            base_part_bytes=services.config.part_size_bytes,
            parts_in_flight=services.config.parts_in_flight,
        )
        self._ending = False
        services.open_uploads.add(self)

    @property
    def real_path(self) -> str:
        return self._place.real_path

    async def write(self, offset: int, data: bytes) -> None:
        self._refuse_when_over()
        if self._failure is not None:
            raise sftp_error(self._failure)
        try:
            for piece in self._window.accept(offset, data):
                await self._writer.append(piece)
        except TRANSLATED as exc:
            self._failure = exc
            self._session.log.error("WRITE", self.real_path, str(exc), bytes_in=self._window.size_bytes)
            raise sftp_error(exc) from exc

    async def read(self, offset: int, length: int) -> bytes:  # noqa: ARG002
        raise SFTPFailure("the file is open for writing only")

    def attributes(self) -> SFTPAttrs:
        return attributes.of_file(self._window.size_bytes, clock.now())

    async def close(self) -> None:
        """Write the object, then the journal, then answer: a client that was told of success finds its
        version id in the journal. Shielded, because a connection that breaks now must not leave the two
        apart.
        """
        self._refuse_when_over()
        self._ending = True
        await asyncio.shield(self._session.services.in_background(self._close()))

    async def _close(self) -> None:
        try:
            stored = await self._finish()
        except TRANSLATED as exc:
            self._session.log.error("CLOSE", self.real_path, str(exc), bytes_in=self._window.size_bytes)
            self._discard(f"{type(exc).__name__}: {exc}")
            raise sftp_error(exc) from exc
        finally:
            self._session.services.open_uploads.discard(self)
        self._session.services.journal.closed(self._ref, stored, self._window.size_bytes)
        self._session.log.closed(self.real_path, bytes_in=self._window.size_bytes)

    async def _finish(self) -> StoredObject:
        if self._failure is not None:
            raise self._failure
        keeps_an_old_tail = self._replaces is not None and self._window.size_bytes < self._replaces.size_bytes
        if self._window.has_gap or keeps_an_old_tail:
            raise RandomWriteError
        return await self._writer.finish()

    def _refuse_when_over(self) -> None:
        """A server that stops gives uploads up while requests of their clients may still be waiting."""
        if self._ending:
            raise SFTPFailure("The upload was given up")

    def abandon(self, reason: str) -> None:
        if self._ending:
            return
        self._ending = True
        self._session.log.partly_closed(self.real_path, bytes_in=self._window.size_bytes)
        self._discard(reason)

    def _discard(self, reason: str) -> None:
        services = self._session.services
        services.journal.aborted(self._ref, self._window.size_bytes, reason)
        services.open_uploads.discard(self)
        services.in_background(self._writer.abort(self._report_failed_abort))

    def _report_failed_abort(self, exc: StorageError) -> None:
        self._session.log.error("ABORT", self.real_path, str(exc))
        print(f"parts of {self.real_path} are left in S3: {exc}", file=sys.stderr, flush=True)

    @property
    def _ref(self) -> UploadRef:
        return self._session.upload_ref(self._place.bucket, self._place.key)


class Download:
    """A file that is being read."""

    def __init__(self, session: Session, place: Mapped, info: ObjectInfo) -> None:
        self._session = session
        self._place = place
        self._info = info
        self._reader = RangeReader(session.services.storage, place.bucket, info)
        self._sent_bytes = 0

    @property
    def real_path(self) -> str:
        return self._place.real_path

    async def read(self, offset: int, length: int) -> bytes:
        try:
            data = await self._reader.read(offset, length)
        except TRANSLATED as exc:
            self._session.log.error("READ", self.real_path, str(exc))
            raise sftp_error(exc) from exc
        self._sent_bytes += len(data)
        return data

    async def write(self, offset: int, data: bytes) -> None:  # noqa: ARG002
        raise SFTPFailure("the file is open for reading only")

    def attributes(self) -> SFTPAttrs:
        return attributes.of_file(self._info.size_bytes, self._info.modified_at)

    async def close(self) -> None:
        await self._reader.close()
        self._session.log.closed(self.real_path, bytes_out=self._sent_bytes)

    def abandon(self, reason: str) -> None:  # noqa: ARG002
        self._session.services.in_background(self._reader.close())
        self._session.log.partly_closed(self.real_path, bytes_out=self._sent_bytes)
