"""The real FTP server in the event loop of a thread, on storage in memory, with users that have passwords."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.ftp.config import FtpConfig
from harness.ftp.server import FtpServer
from harness.sftp.authentication import Authenticator
from harness.sftp.authorisation import (
    AccessDeniedError,
    Action,
    Authorisation,
    Authoriser,
    MappedAuthoriser,
)
from harness.sftp.identity import AuthenticationMethods, LoginAttempt, Mapping, User
from harness.sftp.records.events import Happening
from harness.sftp.records.listeners import Listeners
from harness.sftp.records.server import ServerRecords
from harness.sftp.session_log import Line, ServerLog
from tests.integration.sftp.in_memory import NO_ENGINE
from tests.unit.sftp.memory_storage import MemoryStorage

ROLE = "arn:aws:iam::000000000000:role/transfer"
SERVER_ID = "s-0123456789abcdef0"
PASSWORD = "open sesame"
DEADLINE_S = 10.0


class Passwords:
    """Everybody in `names` has the same password, and a home of their own."""

    methods = AuthenticationMethods.PUBLIC_KEY

    def __init__(self, *names: str) -> None:
        self.names = names
        self.attempts: list[LoginAttempt] = []

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        self.attempts.append(attempt)
        name = attempt.user_name
        if name not in self.names or attempt.password != PASSWORD:
            return None
        if name.startswith("path-"):
            return User(name, ROLE, home_directory=f"/bucket/{name}")
        return User(name, ROLE, home_directory_type="LOGICAL", mappings=(Mapping("/", "bucket", name),))


class DenyDeletes:
    """Allows everything but deletes."""

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:
        return self

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None:
        if action == Action.DELETE:
            raise AccessDeniedError


@dataclass
class Running:
    """One server and its files.

    :param settings: fields of its configuration
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    authoriser: Authoriser = field(default_factory=MappedAuthoriser)
    names: tuple[str, ...] = ("alice", "path-user")
    port: int = 0
    lines: list[Line] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)

    def __enter__(self) -> Running:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ftp-in-memory")
        self._thread.start()
        self._run(self._start())
        self.port = self.told()["port"]
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    async def _start(self) -> None:
        self.server = FtpServer(FtpConfig.model_validate(self._config()), self.storage)
        self.provider = Passwords(*self.names)
        services = self.server._services
        services.authenticator = Authenticator(self.provider)
        services.authoriser = self.authoriser
        arn = f"arn:aws:transfer:us-east-1:000000000000:server/{SERVER_ID}"
        services.records = ServerRecords(ServerLog(self._note, arn), Listeners(self.happenings.append))
        await self.server.start()

    def _note(self, stream: str, line: Line) -> None:
        self.lines.append({"stream": stream, **line})

    def _config(self) -> dict[str, Any]:
        return {
            "host_key_file": str(self.folder / "host_key"),
            "certificate_file": str(self.folder / "certificate.pem"),
            "server_id": SERVER_ID,
            "engine": NO_ENGINE.to_json(),
            "identity_provider_type": "AWS_LAMBDA",
            "identity_provider_details": {"Function": "arn:none"},
            "part_size_bytes": 5 * 1024 * 1024,
            "protocols": ["FTP", "FTPS"],
            "uploads_file": str(self.folder / "uploads.jsonl"),
            "ready_file": str(self.folder / "ready.json"),
            **self.settings,
        }

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "ready.json").read_text())
        return found

    def stored(self) -> dict[str, bytes]:
        """Return the objects by key."""
        return dict(self.storage.objects)

    def activities(self) -> list[str]:
        return [line["activity-type"] for line in list(self.lines)]

    def uploads(self) -> list[dict[str, Any]]:
        text = (self.folder / "uploads.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)
