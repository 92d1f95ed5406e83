"""The listener: start, serve, and stop without breaking uploads that are under way."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import asyncssh

from harness.exceptions import EnvironmentNotReadyError, IdentityProviderError, PortInUseError
from harness.files import replace_json
from harness.sftp import open_uploads, server_record
from harness.sftp.admission import Admission
from harness.sftp.asyncssh_details import host_keys_signing_with
from harness.sftp.authentication import Authenticator
from harness.sftp.config import SftpConfig
from harness.sftp.connection import TransferConnection
from harness.sftp.identity import LoginAttempt
from harness.sftp.journal import UploadJournal
from harness.sftp.open_uploads import OpenedUpload, OpenUploads
from harness.sftp.policies.authoriser import authoriser_of
from harness.sftp.providers.chosen import identity_provider
from harness.sftp.records.events import SessionInfo
from harness.sftp.records.server import records_of
from harness.sftp.records.session import PARTLY_UPLOADED
from harness.sftp.security_policies import SECURITY_POLICIES
from harness.sftp.services import Services
from harness.sftp.storage.base import ObjectInfo, Storage

IDENT = "AWS_SFTP_1.1"
"""As seen on live servers: https://github.com/sshnet/SSH.NET/issues/1092"""
_KEEPALIVES = 3
"""A client is dropped when this many in a row went without an answer."""
_BACKLOG = 1024
"""Connections that the kernel keeps until they are accepted; a burst beyond it waits for a second."""
_POLL_S = 0.05
_CLEAN_UP_S = 3.0
_LOG_FLUSH_S = 3.0


class TransferServer:
    """Everything between the configuration and the socket."""

    def __init__(self, config: SftpConfig, storage: Storage) -> None:
        self._store = server_record.open_store(config)
        self._config = config = server_record.effective(config, self._store)
        self._storage = storage
        self._open_uploads = _open_uploads(config.open_uploads_file)
        self._connections: set[TransferConnection] = set()
        self._services = Services(
            config=config,
            authenticator=Authenticator(
                identity_provider(config, self._store), report=self._tell_provider_error
            ),
            authoriser=authoriser_of(config),
            storage=storage,
            journal=_journal(config.uploads_file, self._open_uploads),
            records=records_of(config),
            admission=Admission(config.max_waiting_connections),
        )
        self._listener: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        """Listen, then write the ready file.

        :raises PortInUseError: the port is taken
        :raises EnvironmentNotReadyError: the host key or a file cannot be used
        """
        keys = server_record.host_keys(self._config, self._store)
        self._services.records.start()
        await self._settle_for_predecessor()
        self._listener = await self._listen(keys)
        _write_ready_file(self._config, self._listener.get_port(), keys[0].get_fingerprint())

    async def _settle_for_predecessor(self) -> None:
        if self._open_uploads is not None:
            left = list(self._open_uploads.left_open)
            await open_uploads.settle(
                left,
                self._storage,
                self._services.journal,
                self._config.uploads_file,
                self._tell_partial_upload,
            )

    def _tell_partial_upload(self, upload: OpenedUpload, kept: ObjectInfo) -> None:
        ref = upload.ref
        self._services.records.session(SessionInfo(ref.session_id, ref.user)).upload_failed(
            f"/{ref.bucket}/{ref.key}",
            size_bytes=kept.size_bytes,
            failure_code="PARTIAL_UPLOAD",
            message=PARTLY_UPLOADED,
            started_at=upload.started_at,
            etag=kept.etag,
            version_id=kept.version_id,
        )

    def _tell_provider_error(self, attempt: LoginAttempt, error: IdentityProviderError) -> None:
        self._services.records.log.provider_error(
            user=attempt.user_name, source_ip=attempt.source_ip, message=error.message
        )

    async def _listen(self, keys: list[asyncssh.SSHKey]) -> asyncssh.SSHAcceptor:
        policy = SECURITY_POLICIES[self._config.security_policy]
        if policy.missing:
            left_out = ", ".join(policy.missing)
            print(f"{self._config.security_policy} without {left_out}: not on this machine", file=sys.stderr)
        try:
            return await asyncssh.listen(
                **_address(self._config),
                server_factory=lambda: TransferConnection(self._services, self._connections),
                server_host_keys=host_keys_signing_with(keys, policy.signatures),
                send_server_host_keys=True,
                server_version=IDENT,
                kex_algs=policy.kexs,
                encryption_algs=policy.ciphers,
                mac_algs=policy.macs,
                signature_algs=policy.signatures,
                compression_algs=["none"],
                encoding=None,
                password_auth=True,
                kbdint_auth=False,
                gss_host=None,
                agent_forwarding=False,
                allow_pty=False,
                line_editor=False,
                login_timeout=self._config.login_timeout_s,
                backlog=_BACKLOG,
                keepalive_interval=self._config.unresponsive_timeout_s / _KEEPALIVES,
                keepalive_count_max=_KEEPALIVES - 1,
            )
        except OSError as exc:
            raise PortInUseError(
                f"cannot listen on {self._config.host}:{self._config.port}: {exc}",
                hint="choose another port, or 0 for a free one",
            ) from exc

    async def retire(self) -> None:
        """Take no more connections, and return when the last session has ended by itself, or after a bounded
        time: other processes serve the same socket by then.
        """
        if self._listener is not None:
            self._listener.close()
        deadline = time.monotonic() + self._config.retire_timeout_s
        while self._connections and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """Refuse what is new, let open uploads finish for a bounded time, then end every session."""
        self._services.draining = True
        if self._listener is not None:
            self._listener.close()
        deadline = time.monotonic() + self._config.drain_timeout_s
        while self._services.open_uploads and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_S)
        for upload in list(self._services.open_uploads):
            upload.abandon("the server was stopped")
        await self._end_sessions()
        await self._finish_background(max(_CLEAN_UP_S, deadline - time.monotonic()))
        await self._storage.close()
        await asyncio.to_thread(self._services.records.stop, _LOG_FLUSH_S)
        self._services.journal.close()

    async def _end_sessions(self) -> None:
        connections = [connection.ssh for connection in self._connections if connection.ssh is not None]
        for connection in connections:
            connection.close()
        closed = [asyncio.ensure_future(connection.wait_closed()) for connection in connections]
        if closed:
            await asyncio.wait(closed, timeout=1.0)

    async def _finish_background(self, timeout_s: float) -> None:
        if not self._services.background:
            return
        _, unfinished = await asyncio.wait(self._services.background, timeout=timeout_s)
        if unfinished:
            print(
                f"stopped while S3 had not answered {len(unfinished)} calls that end uploads: there may be "
                "objects or parts without a line in the uploads file",
                file=sys.stderr,
            )


def _address(config: SftpConfig) -> dict[str, Any]:
    """Return where to listen, as arguments of `asyncssh.listen`."""
    if config.listen_fd is None:
        return {"host": config.host, "port": config.port, "reuse_address": True}
    return {"sock": socket.socket(fileno=config.listen_fd)}


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


def _write_ready_file(config: SftpConfig, port: int, fingerprint: str) -> None:
    content = {"pid": os.getpid(), "host": config.host, "port": port, "host_key_fingerprint": fingerprint}
    try:
        replace_json(config.ready_file, content)
    except OSError as exc:
        raise EnvironmentNotReadyError(f"cannot write {config.ready_file}: {exc}") from exc
