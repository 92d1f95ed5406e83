"""Sessions on storage in memory, without a network."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from harness.sftp import session as sessions
from harness.sftp.authentication import Authenticator
from harness.sftp.authorisation import Authoriser, MappedAuthoriser
from harness.sftp.config import SftpConfig
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import ConfiguredUsers, Mapping, User
from harness.sftp.journal import UploadJournal
from harness.sftp.records.events import Happening
from harness.sftp.records.listeners import Listeners
from harness.sftp.records.server import ServerRecords
from harness.sftp.services import Services
from harness.sftp.session import Session
from harness.sftp.session_log import Line, ServerLog
from tests.unit.sftp.memory_storage import MemoryStorage

SERVER_ID = "s-0123456789abcdef0"
ALICE = User("alice", "role", home_directory_type="LOGICAL", mappings=(Mapping("/", "bucket", "alice"),))


class Rig:
    """What a server shares among its sessions, and what they left behind."""

    def __init__(
        self,
        folder: Path,
        storage: MemoryStorage | None = None,
        authoriser: Authoriser | None = None,
        **settings: Any,
    ) -> None:
        self.storage = storage or MemoryStorage()
        self.lines: list[Line] = []
        self.happenings: list[Happening] = []
        self._uploads_file = folder / "uploads.jsonl"
        config = {
            "part_size_bytes": 10,
            "parts_in_flight": 2,
            "server_id": SERVER_ID,
            "partial_upload": "discard",
            "set_stat_option": "DEFAULT",
            "directory_listing_optimization": "ENABLED",
        }
        self.services = Services(
            config=cast(SftpConfig, SimpleNamespace(**{**config, **settings})),
            authenticator=Authenticator(ConfiguredUsers([])),
            authoriser=authoriser or MappedAuthoriser(),
            storage=self.storage,
            journal=UploadJournal(self._uploads_file),
            records=ServerRecords(
                ServerLog(lambda _stream, line: self.lines.append(line), "arn"),
                Listeners(self.happenings.append),
            ),
        )

    def session(self, user: User = ALICE) -> Session:
        return sessions.begin(user, "192.0.2.1", self.services)

    def filesystem(self, user: User = ALICE) -> S3Filesystem:
        return S3Filesystem(self.session(user))

    async def finish(self) -> None:
        """Wait for what sessions left running."""
        while self.services.background:
            await asyncio.wait(self.services.background)

    def close(self) -> None:
        self.services.journal.close()

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._uploads_file.read_text().splitlines()]

    def activities(self) -> list[str]:
        return [line["activity-type"] for line in self.lines]
