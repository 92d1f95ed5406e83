"""The real server on storage in memory, in a thread of the test: for what S3 itself has no part in."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import asyncssh
import uvloop

from harness.engines.base import EngineInfo
from harness.sftp.authentication import Authenticator
from harness.sftp.authorisation import Authorisation
from harness.sftp.config import SftpConfig
from harness.sftp.handles import Upload
from harness.sftp.identity import AuthenticationMethods, LoginAttempt, User
from harness.sftp.records.server import ServerRecords
from harness.sftp.server import TransferServer
from harness.sftp.session_log import Line, ServerLog
from tests.integration.sftp.front_end import ROLE, SERVER_ID, Login, write_key
from tests.unit.sftp.memory_storage import MemoryStorage

NO_ENGINE = EngineInfo("none", "none", "0", "http://127.0.0.1:1")
BUCKET = "bucket"
ARN = f"arn:aws:transfer:us-east-1:000000000000:server/{SERVER_ID}"


@dataclass
class InMemory:
    """One server; `storage` holds its objects, by key. Clients use it like `FrontEnd`."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    names: tuple[str, ...] = ("alice", "bob.smith")
    path_homes: bool = False
    """Homes of type PATH (`/bucket/<name>`) in place of LOGICAL ones, and everything is allowed."""
    mappings: list[dict[str, str]] | None = None
    """Homes other than `/` → `/bucket/<name>`."""
    port: int = 0
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp-in-memory")
        self._server: TransferServer | None = None

    def start(self) -> InMemory:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.port = json.loads((self.folder / "ready.json").read_text())["port"]
        key = asyncssh.read_private_key(self.folder / "host_key").export_public_key().decode().strip()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}\n")
        return self

    async def _start(self) -> None:
        self._server = TransferServer(SftpConfig.model_validate(self._config()), self.storage)
        if self.path_homes:
            self._server._services.authenticator = Authenticator(_PathHomes(self))
            self._server._services.authoriser = _Everything()
        self._server._services.records = ServerRecords(ServerLog(self._note, ARN))
        await self._server.start()

    def _note(self, stream: str, line: Line) -> None:
        self.lines.append({"stream": stream, **line})

    def stop(self) -> None:
        """As SIGTERM does."""
        if self._server is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def open_uploads(self) -> int:
        return len(self._server._services.open_uploads) if self._server is not None else 0

    def received_bytes(self) -> int:
        """Of the uploads that are open."""
        uploads = self._server._services.open_uploads if self._server is not None else ()
        return sum(cast(Upload, upload)._size_bytes for upload in list(uploads))

    def login(self, name: str = "alice") -> Login:
        key_file = self.folder / f"{name}.key"
        if not key_file.exists():
            write_key(key_file)
        return Login(name, key_file)

    def log_lines(self, activity: str | None = None) -> list[Line]:
        return [line for line in list(self.lines) if activity in (None, line["activity-type"])]

    def uploads(self, event: str | None = None) -> list[dict[str, Any]]:
        text = (self.folder / "uploads.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def _config(self) -> dict[str, Any]:
        return {
            "host_key_file": str(self.folder / "host_key"),
            "server_id": SERVER_ID,
            "engine": NO_ENGINE.to_json(),
            "users": [self._user(name) for name in self.names],
            "part_size_bytes": 5 * 1024 * 1024,
            "uploads_file": str(self.folder / "uploads.jsonl"),
            "ready_file": str(self.folder / "ready.json"),
            **self.settings,
        }

    def public_key(self, name: str) -> asyncssh.SSHKey:
        return asyncssh.read_private_key(self.login(name).key_file).convert_to_public()

    def _user(self, name: str) -> dict[str, Any]:
        public_key = self.public_key(name).export_public_key().decode()
        return {
            "name": name,
            "role_arn": ROLE,
            "public_keys": [public_key],
            "home_directory_type": "LOGICAL",
            "home_directory_mappings": self.mappings or [{"Entry": "/", "Target": f"/{BUCKET}/{name}"}],
        }


class _Everything:
    """Allows all there is."""

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:
        return self

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None: ...


class _PathHomes:
    """Every name has a home of type PATH."""

    methods = AuthenticationMethods.PUBLIC_KEY

    def __init__(self, server: InMemory) -> None:
        self._server = server

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        name = attempt.user_name
        keys = frozenset([self._server.public_key(name).public_data])
        return User(name, ROLE, keys, home_directory=f"/{BUCKET}/{name}")
