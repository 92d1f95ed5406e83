"""The listener: start, serve, and stop without breaking uploads that are under way."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from typing import Any

import asyncssh

from harness.exceptions import EnvironmentNotReadyError, PortInUseError
from harness.files import replace_json
from harness.sftp import server_record
from harness.sftp.asyncssh_details import host_keys_signing_with
from harness.sftp.back_end import POLL_S, BackEnd
from harness.sftp.config import SftpConfig
from harness.sftp.connection import TransferConnection
from harness.sftp.security_policies import SECURITY_POLICIES
from harness.sftp.storage.base import Storage

IDENT = "AWS_SFTP_1.1"
"""As seen on live servers: https://github.com/sshnet/SSH.NET/issues/1092"""
_KEEPALIVES = 3
"""A client is dropped when this many in a row went without an answer."""
_BACKLOG = 1024
"""Connections that the kernel keeps until they are accepted; a burst beyond it waits for a second."""


class TransferServer:
    """Everything between the configuration and the socket."""

    def __init__(self, config: SftpConfig, storage: Storage) -> None:
        self._store = server_record.open_store(config)
        self._config = config = server_record.effective(config, self._store)
        self._back_end = BackEnd(config, self._store, storage)
        self._services = self._back_end.services
        self._connections: set[TransferConnection] = set()
        self._listener: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        """Listen, then write the ready file.

        :raises PortInUseError: the port is taken
        :raises EnvironmentNotReadyError: the host key or a file cannot be used
        """
        keys = server_record.host_keys(self._config, self._store)
        await self._back_end.start()
        self._listener = await self._listen(keys)
        _write_ready_file(self._config, self._listener.get_port(), keys[0].get_fingerprint())

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
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """Refuse what is new, let open uploads finish for a bounded time, then end every session."""
        if self._listener is not None:
            self._listener.close()
        await self._back_end.drain()
        await self._end_sessions()
        await self._back_end.stop()

    async def _end_sessions(self) -> None:
        connections = [connection.ssh for connection in self._connections if connection.ssh is not None]
        for connection in connections:
            connection.close()
        closed = [asyncio.ensure_future(connection.wait_closed()) for connection in connections]
        if closed:
            await asyncio.wait(closed, timeout=1.0)


def _address(config: SftpConfig) -> dict[str, Any]:
    """Return where to listen, as arguments of `asyncssh.listen`."""
    if config.listen_fd is None:
        return {"host": config.host, "port": config.port, "reuse_address": True}
    return {"sock": socket.socket(fileno=config.listen_fd)}


def _write_ready_file(config: SftpConfig, port: int, fingerprint: str) -> None:
    content = {"pid": os.getpid(), "host": config.host, "port": port, "host_key_fingerprint": fingerprint}
    try:
        replace_json(config.ready_file, content)
    except OSError as exc:
        raise EnvironmentNotReadyError(f"cannot write {config.ready_file}: {exc}") from exc
