from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from asyncssh import SFTPFailure

from harness.sftp import session as sessions
from harness.sftp.authentication import Authenticator
from harness.sftp.authorisation import MappedAuthoriser
from harness.sftp.config import SftpConfig
from harness.sftp.directories import Mapped
from harness.sftp.handles import Upload
from harness.sftp.identity import ConfiguredUsers, Mapping, User
from harness.sftp.journal import UploadJournal
from harness.sftp.records.server import ServerRecords
from harness.sftp.services import Services
from harness.sftp.session_log import ServerLog
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.unit

ALICE = User("alice", "role", mappings=(Mapping("/", "bucket", "alice"),))
PLACE = Mapped("/file", "bucket", "alice/file", is_root=False)


def _services(storage: MemoryStorage, uploads_file: Path) -> Services:
    config = SimpleNamespace(
        part_size_bytes=10, parts_in_flight=2, server_id="s-0123456789abcdef0", partial_upload="discard"
    )
    return Services(
        config=cast(SftpConfig, config),
        authenticator=Authenticator(ConfiguredUsers([])),
        authoriser=MappedAuthoriser(),
        storage=storage,
        journal=UploadJournal(uploads_file),
        records=ServerRecords(ServerLog(lambda _stream, _line: None, "arn")),
    )


def _events(uploads_file: Path) -> list[str]:
    return [json.loads(line)["event"] for line in uploads_file.read_text().split("\n") if line]


async def _finish(services: Services) -> None:
    if services.background:
        await asyncio.wait(services.background)
    services.journal.close()


@pytest.mark.parametrize("late_request", ["write", "close"])
def test_a_request_after_the_upload_was_given_up_makes_no_object(tmp_path: Path, late_request: str) -> None:
    storage, uploads_file = MemoryStorage(), tmp_path / "uploads.jsonl"
    late: dict[str, Any] = {"write": lambda upload: upload.write(1, b"y" * 50), "close": Upload.close}

    async def give_up() -> None:
        services = _services(storage, uploads_file)
        upload = Upload(sessions.begin(ALICE, "127.0.0.1", services), PLACE, replaces=None, started_at=0.0)
        await upload.write(0, b"x")
        upload.abandon("the server was stopped")
        with pytest.raises(SFTPFailure):
            await late[late_request](upload)
        await _finish(services)

    asyncio.run(give_up())
    assert storage.objects == {}
    assert storage.parts == {}
    assert _events(uploads_file) == ["aborted"]
