"""The listener of FTPS and FTP: start, serve, and stop without breaking uploads that are under way."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from typing import Any

from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import ThreadedFTPServer

from harness.exceptions import EnvironmentNotReadyError, PortInUseError
from harness.files import replace_json
from harness.ftp import config as configuration
from harness.ftp import tls
from harness.ftp.bridge import Bridge
from harness.ftp.config import FtpConfig
from harness.ftp.control_channel import ControlChannel, Shared
from harness.sftp import server_record
from harness.sftp.back_end import POLL_S, BackEnd
from harness.sftp.storage.base import Storage

_BACKLOG = 512
_END_SESSIONS_S = 3.0
_WAITING_PER_SESSION = 2
"""So many connections may there be for each session that may: not all have logged in."""


class FtpServer:
    """Everything between the configuration and the socket. Made and used in one event loop."""

    def __init__(self, config: FtpConfig, storage: Storage) -> None:
        store = server_record.open_store(config)
        config = server_record.effective(config, store)
        if store is not None and (record := store.server(config.server_id)) is not None:
            config = config.model_copy(update=configuration.of_record(record))
        self._config = config
        self._back_end = BackEnd(config, store, storage, "FTPS" if "FTPS" in config.protocols else "FTP")
        self._services = self._back_end.services
        self._listener: _Listener | None = None

    async def start(self) -> None:
        """Listen, then write the ready file.

        :raises PortInUseError: the port is taken
        :raises EnvironmentNotReadyError: the certificate or a file cannot be used
        """
        config = self._config
        loop = asyncio.get_running_loop()
        shared = Shared(config, self._services, Bridge(loop), _tls(config))
        await self._back_end.start()
        self._listener = listener = _Listener(_listen(config), shared)
        loop.add_reader(listener.socket.fileno(), listener.accept_one)
        _write_ready_file(config, listener.address[1])

    async def retire(self) -> None:
        """Take no more connections; return when the last session has ended by itself, or after a bounded
        time.
        """
        self._close_listener()
        await self._sessions_end(self._config.retire_timeout_s)

    async def stop(self) -> None:
        """Refuse what is new, let open uploads finish for a bounded time, then end every session."""
        self._close_listener()
        await self._back_end.drain()
        if self._listener is not None:
            self._listener.end_sessions()
            await self._sessions_end(_END_SESSIONS_S)
        await self._back_end.stop()

    def _close_listener(self) -> None:
        if self._listener is not None and self._listener.socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener.socket.fileno())
            self._listener.close()

    async def _sessions_end(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while self._listener is not None and self._listener.has_sessions and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)


class _Listener(ThreadedFTPServer):
    """Accepts in the event loop; each connection gets a thread."""

    join_timeout = 0.1

    def __init__(self, listening: socket.socket, shared: Shared) -> None:
        self.shared = shared
        self.max_cons = _WAITING_PER_SESSION * shared.config.max_sessions
        # pyftpdlib has these once for all servers of a process.
        self._lock = threading.Lock()
        self._exit = threading.Event()
        super().__init__(listening, ControlChannel, ioloop=IOLoop(), backlog=_BACKLOG)

    def accept_one(self) -> None:
        """Called when a connection waits. Also does what pyftpdlib puts off, such as joining threads."""
        self.handle_accept()
        self.ioloop.sched.poll()

    def _start_task(self, *args: Any, **kwargs: Any) -> threading.Thread:
        return threading.Thread(*args, **kwargs, daemon=True)

    @property
    def has_sessions(self) -> bool:
        return any(thread.is_alive() for thread in self._active_tasks)

    def end_sessions(self) -> None:
        """Have all threads close their connections; does not wait for them."""
        self._exit.set()


def _tls(config: FtpConfig) -> Any:
    if "FTPS" not in config.protocols:
        return None
    tls.ensure_certificate(config.certificate_file, config.host)
    return tls.context(config.certificate_file, config.security_policy, config.tls_session_resumption_mode)


def _listen(config: FtpConfig) -> socket.socket:
    if config.listen_fd is not None:
        return socket.socket(fileno=config.listen_fd)
    try:
        return socket.create_server((config.host, config.port), backlog=_BACKLOG)
    except OSError as exc:
        raise PortInUseError(
            f"cannot listen on {config.host}:{config.port}: {exc}",
            hint="choose another port, or 0 for a free one",
        ) from exc


def _write_ready_file(config: FtpConfig, port: int) -> None:
    content = {
        "pid": os.getpid(),
        "host": config.host,
        "port": port,
        "protocols": sorted(config.protocols),
        "passive_ports": config.passive_ports,
        "certificate_file": str(config.certificate_file) if "FTPS" in config.protocols else None,
    }
    try:
        replace_json(config.ready_file, content)
    except OSError as exc:
        raise EnvironmentNotReadyError(f"cannot write {config.ready_file}: {exc}") from exc
