"""The Transfer process: every server of the store, and the API that changes them, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from harness import parent
from harness.exceptions import FloodgateError
from harness.files import replace_json
from harness.transfer.store import TransferStore
from harness.transfer.supervisor.config import SupervisorConfig
from harness.transfer.supervisor.listening import Listening
from harness.transfer.supervisor.server import HostedServer

if TYPE_CHECKING:
    from harness.transfer.supervisor.control_plane import ControlPlane

_MIN_STARTS = 4
"""So many workers may be starting at once, or one for each core: fifty servers that all start together would
each take longer than a start may.
"""
_log = logging.getLogger(__name__)


class Supervisor:
    """Runs one configuration, inside the event loop in which it is made."""

    def __init__(self, config: SupervisorConfig, store: TransferStore) -> None:
        self._config = config
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._servers: dict[str, HostedServer] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._starts = asyncio.Semaphore(max(_MIN_STARTS, os.cpu_count() or 1))
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_ready = False
        self._control_plane: ControlPlane | None = None
        self._api_url = ""

    async def run(self) -> None:
        """Serve until SIGTERM, or the end of the parent that the configuration names.

        :raises FloodgateError: the main server cannot be served
        """
        self._loop.add_signal_handler(signal.SIGTERM, self.stop)
        # Ctrl-C reaches the whole process group; the run that started us decides when we stop.
        self._loop.add_signal_handler(signal.SIGINT, lambda: None)
        self._config.work_dir.mkdir(parents=True, exist_ok=True)
        watch = asyncio.create_task(self._watch_parent())
        hosting: asyncio.Task[None] | None = None
        try:
            hosting = self._listen_for_api()
            while not self._stopping:
                self._follow_all()
                if hosting.done():
                    hosting.result()
                await self._wake.wait()
                self._wake.clear()
        finally:
            watch.cancel()
            if hosting is not None:
                hosting.cancel()
            await self._end()

    def _listen_for_api(self) -> asyncio.Task[None]:
        """:raises PortInUseError: the port is taken"""
        listening = Listening(self._config.host, self._config.api_port, workers=1)
        host = self._config.advertise_host or listening.host
        host = f"[{host}]" if ":" in host else host
        self._api_url = f"http://{host}:{listening.port}"
        _log.info("the Transfer API answers at %s", self._api_url)
        task = asyncio.create_task(self._host_api(listening.socket_of(1)))
        task.add_done_callback(lambda _: self._wake.set())
        return task

    async def _host_api(self, listening: socket.socket) -> None:
        """Load what answers when the first request is there, or when uploads may start workflows.

        It takes a second of CPU and 60 MiB, which most runs have no use for; the request waits meanwhile.
        """
        try:
            if not self._is_needed_at_once():
                await _is_asked(listening)
            made = await asyncio.to_thread(_control_plane)
        except BaseException:
            listening.close()
            raise
        self._control_plane = made(self._config, self._store, self.on_change)
        await self._control_plane.start(listening)

    def _is_needed_at_once(self) -> bool:
        if self._config.mirror_interval_s is not None:
            return True
        return any(server.WorkflowDetails for server in self._store.servers())

    def stop(self) -> None:
        """Have `run` end all servers and return."""
        self._stopping = True
        self._wake.set()

    def on_change(self, *_: Any) -> None:
        """Have the servers look at their records; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wake.set)

    def _follow_all(self) -> None:
        """Begin to follow new servers, and have the others look.

        :raises FloodgateError: the main server has failed, or following one has
        """
        for server_id in [name for name, task in self._followers.items() if task.done()]:
            self._followers.pop(server_id).result()
            del self._servers[server_id]
        if failure := self._main_failure():
            raise failure
        for server_id in (server.ServerId for server in self._store.servers()):
            if server_id not in self._servers:
                hosted = HostedServer(server_id, self._store, self._config, self._tell, self._starts)
                self._servers[server_id] = hosted
                self._followers[server_id] = task = asyncio.create_task(hosted.follow())
                task.add_done_callback(lambda _: self._wake.set())
        for hosted in self._servers.values():
            hosted.look()
        self._tell()

    def _main_failure(self) -> FloodgateError | None:
        main = self._servers.get(self._config.main_server or "")
        return None if main is None else main.failure

    def _tell(self) -> None:
        """Write what listens where, from the moment when everything that was there at the start does."""
        servers = self._servers.values()
        if self._main_failure() is not None:
            self._wake.set()
            return
        is_settled = bool(self._api_url) and all(server.is_settled for server in servers)
        self._is_ready = self._is_ready or is_settled
        if self._is_ready:
            endpoints = {server.server_id: server.endpoint() for server in servers}
            content = {"pid": os.getpid(), "api": self._api_url, "servers": endpoints}
            try:
                replace_json(self._config.ready_file, content)
            except OSError as exc:
                _log.error("the ready file is out of date until the next change: %s", exc)

    async def _end(self) -> None:
        """End all servers side by side, however far they have come; then what their last uploads started."""
        for follower in self._followers.values():
            follower.cancel()
        await asyncio.gather(*self._followers.values(), return_exceptions=True)
        await asyncio.gather(*(server.take_down() for server in self._servers.values()))
        if self._control_plane is not None:
            await self._control_plane.stop()

    async def _watch_parent(self) -> None:
        if self._config.exit_with_parent is not None:
            await parent.wait_for_end(self._config.exit_with_parent)
            _log.info("process %d has ended: stopping", self._config.exit_with_parent)
            self.stop()


async def _is_asked(listening: socket.socket) -> None:
    """Wait until a client has connected."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    listening.setblocking(False)
    loop.add_reader(listening, asked.set)
    try:
        await asked.wait()
    finally:
        loop.remove_reader(listening)


def _control_plane() -> type[ControlPlane]:
    from harness.transfer.supervisor.control_plane import ControlPlane

    return ControlPlane


async def supervise(config: SupervisorConfig) -> None:
    """Run the process's work.

    :raises FloodgateError: the store cannot be used, or the main server cannot be served
    """
    with TransferStore(config.store_file, writable=True) as store:
        await Supervisor(config, store).run()
