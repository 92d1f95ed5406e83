"""Open files: what a client holds between OPEN and CLOSE."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Protocol

from asyncssh import SFTPAttrs, SFTPFailure

from harness import clock
from harness.sftp import attributes
from harness.sftp.authorisation import Action
from harness.sftp.directories import Mapped
from harness.sftp.downloads import RangeReader
from harness.sftp.journal import UploadRef
from harness.sftp.records.session import PARTLY_DOWNLOADED, PARTLY_UPLOADED, FailureCode
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
    """A file that is being written. Nothing is visible in S3 before it ends: by `close`, or, where the server
    keeps partial uploads, by `abandon`.

    Every upload ends with exactly one line in the journal: `closed`, `partial` or `aborted`.
    """

    def __init__(
        self, session: Session, place: Mapped, *, replaces: ObjectInfo | None, started_at: float
    ) -> None:
        """:param replaces: the object that a client opened without TRUNC; all of it must be written again
        :param started_at: when the client asked to open it
        """
        services = session.services
        self._session = session
        self._place = place
        self._replaces = replaces
        self._started_at = started_at
        session.records.transfer_began()
        self._window = WriteWindow()
        self._failure: Exception | None = None
        self._writer = PartWriter(
            services.storage,
            Target(place.bucket, place.key, session.object_metadata),
            base_part_bytes=services.config.part_size_bytes,
            parts_in_flight=services.config.parts_in_flight,
            shared_slots=services.part_slots,
            on_multipart=lambda upload_id: services.journal.in_parts(self._ref, upload_id),
        )
        self._turn = asyncio.Lock()
        """Held by a write, and by the end of the upload: a server that stops ends uploads while a write may
        still wait for S3.
        """
        self._ending = False
        services.open_uploads.add(self)
        services.journal.opened(self._ref, started_at)

    @property
    def real_path(self) -> str:
        return self._place.real_path

    async def write(self, offset: int, data: bytes) -> None:
        async with self._turn:
            self._refuse_when_over()
            if self._failure is not None:
                raise sftp_error(self._failure)
            try:
                for piece in self._window.accept(offset, data):
                    await self._writer.append(piece)
            except TRANSLATED as exc:
                self._failure = exc
                self._session.records.error("WRITE", self.real_path, str(exc), bytes_in=self._size_bytes)
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
            await self._require_permission()
            self._refuse_what_is_not_whole()
            stored = await self._writer.finish()
        except TRANSLATED as exc:
            self._failed("UNKNOWN_ERROR", f"{type(exc).__name__}: {exc}", str(exc))
            raise sftp_error(exc) from exc
        finally:
            self._session.services.open_uploads.discard(self)
        self._session.services.journal.closed(self._ref, stored, self._size_bytes)
        self._session.records.upload_completed(
            self.real_path,
            size_bytes=self._size_bytes,
            etag=stored.etag,
            version_id=stored.version_id,
            started_at=self._started_at,
        )

    async def _require_permission(self) -> None:
        """The object appears now, and a permission may have been withdrawn since the file was opened.

        :raises AccessDeniedError: it was
        """
        place = self._place
        await self._session.authorisation.require(Action.PUT, place.bucket, place.key)

    def _refuse_what_is_not_whole(self) -> None:
        """Raise what stands against an object: an earlier failure, or bytes that never came."""
        if self._failure is not None:
            raise self._failure
        if self._window.has_gap or self._keeps_an_old_tail:
            raise RandomWriteError

    @property
    def _keeps_an_old_tail(self) -> bool:
        """The rest of a file that was opened without TRUNC would stay, which S3 cannot do."""
        return self._replaces is not None and self._size_bytes < self._replaces.size_bytes

    def _refuse_when_over(self) -> None:
        """A server that stops gives uploads up while requests of their clients may still be waiting."""
        if self._ending:
            raise SFTPFailure("The upload was given up")

    def abandon(self, reason: str) -> None:
        """The session ended, or the server stops, with the file open."""
        if self._ending:
            return
        self._ending = True
        if self._session.services.config.partial_upload == "keep":
            self._session.services.in_background(self._keep(reason))
        else:
            self._failed("PARTIAL_UPLOAD", reason, PARTLY_UPLOADED)

    def discard(self, reason: str) -> None:
        """Nothing could be sent, by no fault of the line (FTP: the data connection was refused): no object,
        and one that is there already stays.
        """
        if not self._ending:
            self._ending = True
            self._failed("UNKNOWN_ERROR", reason, reason)

    async def _keep(self, reason: str) -> None:
        """Make an object of what arrived without a gap, as Transfer Family does
        (https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html). Also of nothing: opening a
        file creates it. AWS does not say what becomes of an upload that had failed already, or that would
        have to keep the end of an older object: those leave none.
        """
        async with self._turn:
            try:
                if self._failure is not None:
                    raise self._failure
                if self._keeps_an_old_tail:
                    raise RandomWriteError
                await self._require_permission()
                self._session.services.journal.keeping(self._ref)
                stored = await self._writer.finish()
            except TRANSLATED as exc:
                self._failed("UNKNOWN_ERROR", f"{reason}; {type(exc).__name__}: {exc}", str(exc))
                return
        self._session.services.journal.partial(self._ref, stored, self._size_bytes, reason)
        self._session.services.open_uploads.discard(self)
        self._report_failure("PARTIAL_UPLOAD", PARTLY_UPLOADED, stored)

    def _failed(self, code: FailureCode, reason: str, message: str) -> None:
        """There is no object, and there will be none."""
        services = self._session.services
        services.journal.aborted(self._ref, self._size_bytes, reason)
        services.open_uploads.discard(self)
        self._report_failure(code, message, None)
        services.in_background(self._writer.abort(self._report_failed_abort))

    def _report_failure(self, code: FailureCode, message: str, kept: StoredObject | None) -> None:
        self._session.records.upload_failed(
            self.real_path,
            size_bytes=self._size_bytes,
            failure_code=code,
            message=message,
            started_at=self._started_at,
            etag=kept.etag if kept else None,
            version_id=kept.version_id if kept else None,
            on_handled=self._session.services.told(self._ref) if kept else None,
        )

    def _report_failed_abort(self, exc: StorageError) -> None:
        self._session.records.error("ABORT", self.real_path, str(exc))
        print(f"parts of {self.real_path} are left in S3: {exc}", file=sys.stderr, flush=True)

    @property
    def _size_bytes(self) -> int:
        return self._writer.size_bytes

    @property
    def _ref(self) -> UploadRef:
        return self._session.upload_ref(self._place.bucket, self._place.key)


class Download:
    """A file that is being read."""

    def __init__(self, session: Session, place: Mapped, info: ObjectInfo, *, started_at: float) -> None:
        self._session = session
        self._place = place
        self._info = info
        self._started_at = started_at
        session.records.transfer_began()
        self._reader = RangeReader(
            session.services.storage,
            place.bucket,
            info,
            require=partial(session.authorisation.require, Action.GET, place.bucket, place.key),
        )
        self._sent_bytes = 0
        self._failure = ""

    @property
    def real_path(self) -> str:
        return self._place.real_path

    async def read(self, offset: int, length: int) -> bytes:
        try:
            data = await self._reader.read(offset, length)
        except TRANSLATED as exc:
            self._failure = str(exc)
            self._session.records.error("READ", self.real_path, str(exc))
            raise sftp_error(exc) from exc
        self._sent_bytes += len(data)
        return data

    async def write(self, offset: int, data: bytes) -> None:  # noqa: ARG002
        raise SFTPFailure("the file is open for reading only")

    def attributes(self) -> SFTPAttrs:
        return attributes.of_file(self._info.size_bytes, self._info.modified_at)

    async def close(self) -> None:
        await self._reader.close()
        if self._failure:
            self._report_failure("UNKNOWN_ERROR", self._failure)
        else:
            self._session.records.download_completed(
                self.real_path, size_bytes=self._sent_bytes, started_at=self._started_at
            )

    def abandon(self, reason: str) -> None:  # noqa: ARG002
        self._session.services.in_background(self._reader.close())
        self._report_failure("PARTIAL_DOWNLOAD", PARTLY_DOWNLOADED)

    def _report_failure(self, code: FailureCode, message: str) -> None:
        self._session.records.download_failed(
            self.real_path,
            size_bytes=self._sent_bytes,
            failure_code=code,
            message=message,
            started_at=self._started_at,
        )
