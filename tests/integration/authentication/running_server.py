"""The real server in a thread, on storage in memory: for logins, which S3 has no part in."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from harness.engines.base import EngineInfo
from harness.sftp.authentication import Authenticator
from harness.sftp.config import SftpConfig
from harness.sftp.identity import IdentityProvider
from harness.sftp.server import TransferServer
from harness.sftp.session_log import Line
from tests.unit.sftp.memory_storage import MemoryStorage

NO_ENGINE = EngineInfo("none", "none", "0", "http://127.0.0.1:1")
SERVER_ID = "s-0123456789abcdef0"
DEADLINE_S = 30.0


@dataclass
class RunningServer:
    """A server of which a test replaces the identity provider while it runs.

    :param settings: fields of the configuration file
    """

    folder: Path
    settings: dict[str, Any]
    engine: EngineInfo = NO_ENGINE
    port: int = 0

    def __enter__(self) -> RunningServer:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp", daemon=True)
        self._thread.start()
        self._run(self._start())
        ready = json.loads((self.folder / "ready.json").read_text())
        self.port = ready["port"]
        key = asyncssh.read_private_key(self.folder / "host_key").export_public_key().decode().strip()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key}\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    async def _start(self) -> None:
        self._server = TransferServer(SftpConfig.model_validate(self._config()), MemoryStorage())
        self.lines: list[tuple[str, Line]] = []
        log = self._server._services.records.log
        emit = log.emit

        def note(stream: str, line: Line) -> None:
            self.lines.append((stream, line))
            emit(stream, line)

        log.emit = note
        await self._server.start()

    def _config(self) -> dict[str, Any]:
        return {
            "host_key_file": str(self.folder / "host_key"),
            "server_id": SERVER_ID,
            "engine": self.engine.to_json(),
            "uploads_file": str(self.folder / "uploads.jsonl"),
            "ready_file": str(self.folder / "ready.json"),
            "authorisation": "mapped",
            **self.settings,
        }

    def ask(self, provider: IdentityProvider) -> None:
        """Ask this one from now on, with no failures remembered."""
        self._server._services.authenticator = Authenticator(
            provider, report=self._server._back_end.tell_provider_error
        )

    def errors(self, activity: str = "AUTH_FAILURE") -> list[Line]:
        """Return what the stream ERRORS says."""
        found = [line for stream, line in self.lines if stream == "ERRORS"]
        return [line for line in found if line["activity-type"] == activity]

    def connected(self) -> list[Line]:
        return [line for _, line in self.lines if line["activity-type"] == "CONNECTED"]

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)
