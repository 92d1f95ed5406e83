"""What stands behind the listener of any protocol: services with a start and an end in order."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from harness.exceptions import EnvironmentNotReadyError, IdentityProviderError
from harness.sftp import open_uploads
from harness.sftp.admission import Admission
from harness.sftp.authentication import Authenticator
from harness.sftp.config import SftpConfig
from harness.sftp.identity import LoginAttempt
from harness.sftp.journal import UploadJournal
from harness.sftp.open_uploads import OpenedUpload, OpenUploads
from harness.sftp.policies.authoriser import authoriser_of
from harness.sftp.providers.chosen import identity_provider
from harness.sftp.records.events import Protocol, SessionInfo
from harness.sftp.records.server import records_of
from harness.sftp.records.session import PARTLY_UPLOADED
from harness.sftp.services import Services
from harness.sftp.storage.base import ObjectInfo, Storage
from harness.transfer.store import TransferStore

POLL_S = 0.05
_CLEAN_UP_S = 3.0
_LOG_FLUSH_S = 3.0


class BackEnd:
    """Everything of one worker but its sockets.

    :param config: as the server's record has it
    :param protocol: what is told of uploads that a killed worker has left
    """

    def __init__(
        self,
        config: SftpConfig,
        store: TransferStore | None,
        storage: Storage,
        protocol: Protocol = "SFTP",
    ) -> None:
        self._protocol = protocol
        self._config = config
        self._storage = storage
        self._open_uploads = _open_uploads(config.open_uploads_file)
        self._deadline = 0.0
        self.services = Services(
            config=config,
            authenticator=Authenticator(identity_provider(config, store), report=self.tell_provider_error),
            authoriser=authoriser_of(config),
            storage=storage,
            journal=_journal(config.uploads_file, self._open_uploads),
            records=records_of(config),
            admission=Admission(config.max_waiting_connections),
        )

    def tell_provider_error(self, attempt: LoginAttempt, error: IdentityProviderError) -> None:
        self.services.records.log.provider_error(
            user=attempt.user_name, source_ip=attempt.source_ip, message=error.message
        )

    async def start(self) -> None:
        """Start the records, and end what a worker that was killed has left open."""
        self.services.records.start()
        if self._open_uploads is not None:
            left = list(self._open_uploads.left_open)
            await open_uploads.settle(
                left,
                self._storage,
                self.services.journal,
                self._config.uploads_file,
                self._tell_partial_upload,
            )

    def _tell_partial_upload(self, upload: OpenedUpload, kept: ObjectInfo) -> None:
        ref = upload.ref
        about = SessionInfo(ref.session_id, ref.user, protocol=self._protocol)
        self.services.records.session(about).upload_failed(
            f"/{ref.bucket}/{ref.key}",
            size_bytes=kept.size_bytes,
            failure_code="PARTIAL_UPLOAD",
            message=PARTLY_UPLOADED,
            started_at=upload.started_at,
            etag=kept.etag,
            version_id=kept.version_id,
            on_handled=self.services.told(ref),
        )

    async def drain(self) -> None:
        """Let no upload begin any more, and open ones finish for a bounded time; then give them up."""
        self.services.draining = True
        self._deadline = time.monotonic() + self._config.drain_timeout_s
        while self.services.open_uploads and time.monotonic() < self._deadline:
            await asyncio.sleep(POLL_S)
        for upload in list(self.services.open_uploads):
            upload.abandon("the server was stopped")

    async def stop(self) -> None:
        """After `drain` and the end of all sessions: finish what they left, and deliver the records."""
        await self._finish_background(max(_CLEAN_UP_S, self._deadline - time.monotonic()))
        await self._storage.close()
        await asyncio.to_thread(self.services.records.stop, _LOG_FLUSH_S)
        self.services.journal.close()

    async def _finish_background(self, timeout_s: float) -> None:
        if not self.services.background:
            return
        _, unfinished = await asyncio.wait(self.services.background, timeout=timeout_s)
        if unfinished:
            print(
                f"stopped while S3 had not answered {len(unfinished)} calls that end uploads: there may be "
                "objects or parts without a line in the uploads file",
                file=sys.stderr,
            )


def _open_uploads(path: Path | None) -> OpenUploads | None:
    try:
        return None if path is None else OpenUploads(path)
    except OSError as exc:
        raise EnvironmentNotReadyError(f"cannot write {path}: {exc}") from exc


def _journal(path: Path, notes: OpenUploads | None) -> UploadJournal:
    try:
        return UploadJournal(path, notes)
    except OSError as exc:
        raise EnvironmentNotReadyError(f"cannot write {path}: {exc}") from exc
