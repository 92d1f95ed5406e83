"""One server of the control plane, from StartServer to StopServer: its port, and the crew that serves it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

from harness.exceptions import EnvironmentNotReadyError, FloodgateError
from harness.transfer.executions.triggers import triggers_file
from harness.transfer.model import Server, ServerState
from harness.transfer.store import TransferStore
from harness.transfer.supervisor.config import SupervisorConfig
from harness.transfer.supervisor.crew import Crew
from harness.transfer.supervisor.listening import Listening
from harness.transfer.supervisor.worker import Worker

ENDPOINT_TAG = "floodgate:endpoint"
"""Tag of a server with the host and port where it listens: here, every server cannot have port 22."""
MAX_SESSIONS = 10_000
"""Of a server, shared out evenly among its workers:
https://docs.aws.amazon.com/general/latest/gr/transfer-service.html
"""
_UP: frozenset[ServerState] = frozenset({"STARTING", "ONLINE"})
_END_GRACE_S = 8.0
"""Beyond the time for open uploads: a worker also takes back parts and writes its last log lines."""
_log = logging.getLogger(__name__)


class HostedServer:
    """Follows the record of one server in the store.

    :param tell: called after each change of what listens where
    """

    def __init__(
        self, server_id: str, store: TransferStore, config: SupervisorConfig, tell: Callable[[], None]
    ) -> None:
        self.server_id = server_id
        self.failure: FloodgateError | None = None
        """Why it is not served although it should be."""
        self.is_settled = False
        """Its record has been followed once, whatever came of it."""
        self._store = store
        self._config = config
        self._tell = tell
        self._port = config.ports.get(server_id, 0)
        self._listening: Listening | None = None
        self._crew: Crew | None = None
        self._told: dict[str, Any] = {}
        self._settings: Any = None
        self._generation = 0
        self._retiring: dict[Crew, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Have it look at its record soon."""
        self._changed.set()

    def endpoint(self) -> dict[str, Any] | None:
        """Return where it listens, the fingerprint of its key, its workers; None while it does not."""
        if self._crew is None or self._listening is None:
            return None
        return {
            "host": self._listening.host,
            "port": self._listening.port,
            "host_key_fingerprint": self._told["host_key_fingerprint"],
            "workers": self._crew.pids,
        }

    async def follow(self) -> None:
        """Do what the record asks for, until the server is deleted."""
        while (server := self._store.server(self.server_id)) is not None:
            if server.State in _UP:
                await self._bring_up(server)
            elif server.State in ("STOPPING", "OFFLINE"):
                await self.take_down()
                self._report("STOPPING", "OFFLINE")
            self.is_settled = True
            self._tell()
            await self._changed.wait()
            self._changed.clear()
        await self.take_down()

    async def take_down(self) -> None:
        """Give the port up, let open uploads finish for a bounded time, end all workers."""
        crews = [*self._retiring, *([self._crew] if self._crew else [])]
        if self._listening is not None:
            self._listening.close()
        grace_s = self._config.drain_timeout_s + _END_GRACE_S
        await asyncio.gather(*(crew.stop(grace_s) for crew in crews))
        await asyncio.gather(*self._retiring.values())
        self._listening = self._crew = None

    async def _bring_up(self, server: Server) -> None:
        settings = self._settings_of(server)
        if self._crew is not None and settings == self._settings:
            return
        self._settings = settings
        try:
            await (self._start(server) if self._crew is None else self._replace(self._crew))
        except EnvironmentNotReadyError as exc:
            _log.error("server %s: %s", self.server_id, exc.message)
            if self._crew is None:
                await self._fail(exc)
        else:
            self.failure = None
            self._report("STARTING", "ONLINE")

    async def _start(self, server: Server) -> None:
        self._listening = Listening(self._config.host, self._port, self._config.workers)
        self._port = self._listening.port
        crew = self._new_crew(self._listening)
        self._told = await crew.start()
        self._crew = crew
        self._store.put_tags(server.Arn, {ENDPOINT_TAG: f"{self._config.host}:{self._port}"})
        _log.info("server %s listens on %s:%d", self.server_id, self._config.host, self._port)

    async def _replace(self, old: Crew) -> None:
        """Let workers with the new settings take the port over; sessions that are there keep the old."""
        assert self._listening is not None
        crew = self._new_crew(self._listening)
        self._told = await crew.start()
        self._crew = crew
        self._retiring[old] = retirement = asyncio.create_task(old.retire())
        retirement.add_done_callback(lambda _: self._retiring.pop(old))
        _log.info("server %s has new settings", self.server_id)

    def _new_crew(self, listening: Listening) -> Crew:
        self._generation += 1
        generation = self._generation

        def make(number: int) -> Worker:
            name = f"{self.server_id}-{generation}-{number}"
            return Worker(
                name, self._config.work_dir, self._worker(number), listening.socket_of(number).fileno()
            )

        crew = Crew(make, self._config.workers, lambda: self._on_failure(crew), self._tell)
        return crew

    def _worker(self, number: int) -> dict[str, Any]:
        return {
            **self._config.worker,
            "host": self._config.host,
            "server_id": self.server_id,
            "engine": self._config.engine.to_json(),
            "store_file": str(self._config.store_file),
            "worker": number,
            "workflow_triggers_file": str(triggers_file(self._config.work_dir)),
            "host_key_file": str(self._config.work_dir / f"{self.server_id}.host_key"),
            "max_sessions": -(-MAX_SESSIONS // self._config.workers),
            "drain_timeout_s": self._config.drain_timeout_s,
            "retire_timeout_s": self._config.retire_timeout_s,
            "exit_with_parent": os.getpid(),
        }

    def _on_failure(self, crew: Crew) -> None:
        if crew is self._crew:
            self.failure = EnvironmentNotReadyError(
                f"the workers of server {self.server_id} die again and again"
            )
            self._report("ONLINE", "START_FAILED")
            self._tell()

    async def _fail(self, failure: FloodgateError) -> None:
        self.failure = failure
        await self.take_down()
        self._report("STARTING", "START_FAILED")
        self._report("ONLINE", "START_FAILED")

    def _settings_of(self, server: Server) -> Any:
        """Return all that workers read once, at their start."""
        keys = [key.model_dump() for key in self._store.host_keys(self.server_id)]
        return server.model_dump(exclude={"State"}), keys

    def _report(self, expected: ServerState, state: ServerState) -> None:
        """Change the state, unless the API has changed it meanwhile."""
        with self._store.transaction():
            server = self._store.server(self.server_id)
            if server is not None and server.State == expected:
                self._store.put_server(server.model_copy(update={"State": state}))
