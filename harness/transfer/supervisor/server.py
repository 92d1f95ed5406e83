"""One server of the control plane, from StartServer to StopServer: its ports, and who serves them."""

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
from harness.transfer.supervisor.door import Door, Plan

ENDPOINT_TAG = "floodgate:endpoint"
"""Tag of a server with the host and port where it listens: here, every server cannot have port 22."""
FTP_ENDPOINT_TAG = "floodgate:ftp-endpoint"
"""The same for FTPS and FTP, which share a port."""
MAX_SESSIONS = 10_000
"""Of a server, shared out evenly among its workers:
https://docs.aws.amazon.com/general/latest/gr/transfer-service.html
"""
_UP: frozenset[ServerState] = frozenset({"STARTING", "ONLINE"})
_FTP = {"FTPS", "FTP"}
_END_GRACE_S = 8.0
"""Beyond the time for open uploads: a worker also takes back parts and writes its last log lines."""
_log = logging.getLogger(__name__)


class HostedServer:
    """Follows the record of one server in the store.

    :param tell: called after each change of what listens where
    :param starts: of all servers: so many workers may be starting at once
    """

    def __init__(
        self,
        server_id: str,
        store: TransferStore,
        config: SupervisorConfig,
        tell: Callable[[], None],
        starts: asyncio.Semaphore,
    ) -> None:
        self.server_id = server_id
        self.failure: FloodgateError | None = None
        """Why it is not served although it should be."""
        self.is_settled = False
        """Its record has been followed once, whatever came of it."""
        self._store = store
        self._config = config
        self._tell = tell
        self._starts = starts
        self._settings: Any = None
        self._sftp = Door(self._sftp_plan(), self._on_failure, tell)
        self._ftp = Door(self._ftp_plan(), self._on_failure, tell)
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Have it look at its record soon."""
        self._changed.set()

    def endpoint(self) -> dict[str, Any] | None:
        """Return where it listens for SFTP, the fingerprint of its key, its workers, and the like of FTPS and
        FTP below `ftp`; None while it does not listen.
        """
        found = self._sftp.endpoint() or {}
        if (ftp := self._ftp.endpoint()) is not None:
            found["ftp"] = ftp
        return found or None

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
        """Give the ports up, let open uploads finish for a bounded time, end all workers."""
        await asyncio.gather(self._sftp.close(self._grace_s), self._ftp.close(self._grace_s))

    @property
    def _grace_s(self) -> float:
        return self._config.drain_timeout_s + _END_GRACE_S

    async def _bring_up(self, server: Server) -> None:
        settings, doors = self._settings_of(server), self._doors_of(server)
        if settings == self._settings and all(door.is_open for door in doors):
            return
        self._settings = settings
        try:
            await self._open(server, doors)
        except EnvironmentNotReadyError as exc:
            _log.error("server %s: %s", self.server_id, exc.message)
            if not all(door.is_open for door in doors):
                await self._fail(exc)
        else:
            self.failure = None
            self._report("STARTING", "ONLINE")

    def _doors_of(self, server: Server) -> dict[Door, str]:
        """Return the doors that its protocols need, with the tags that tell where they are."""
        doors = {self._sftp: ENDPOINT_TAG} if "SFTP" in server.Protocols else {}
        return {**doors, self._ftp: FTP_ENDPOINT_TAG} if _FTP & set(server.Protocols) else doors

    async def _open(self, server: Server, doors: dict[Door, str]) -> None:
        for door in {self._sftp, self._ftp} - doors.keys():
            await door.close(self._grace_s)
        for door, tag in doors.items():
            is_new = not door.is_open
            await door.open()
            if is_new:
                self._store.put_tags(server.Arn, {tag: door.address})
                _log.info("server %s listens on %s", self.server_id, door.address)
            else:
                _log.info("server %s has new settings", self.server_id)

    def _sftp_plan(self) -> Plan:
        config = self._config
        port = config.ports.get(self.server_id, 0)
        return Plan(
            self.server_id,
            "harness.sftp",
            config.work_dir,
            self._worker,
            config.workers,
            config.host,
            port,
            self._starts,
            config.advertise_host,
        )

    def _ftp_plan(self) -> Plan:
        """One worker: it has a thread for each session."""
        config = self._config
        name, port = f"{self.server_id}-ftp", config.ftp_ports.get(self.server_id, 0)
        return Plan(
            name,
            "harness.ftp",
            config.work_dir,
            self._ftp_worker,
            1,
            config.host,
            port,
            self._starts,
            config.advertise_host,
        )

    def _ftp_worker(self, number: int) -> dict[str, Any]:
        settings = self._worker(number)
        del settings["max_sessions"]
        return {
            **settings,
            "certificate_file": str(self._config.work_dir / f"{self.server_id}.pem"),
            **self._config.ftp_worker,
        }

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

    def _on_failure(self) -> None:
        self.failure = EnvironmentNotReadyError(f"the workers of server {self.server_id} die again and again")
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
