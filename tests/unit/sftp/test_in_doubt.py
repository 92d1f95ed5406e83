"""Calls that S3 carries out and does not answer, or answers too late."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from asyncssh import SFTPFailure

from harness import clock
from harness.sftp import in_doubt
from harness.sftp.directories import Mapped
from harness.sftp.handles import Upload
from harness.sftp.storage.base import (
    Metadata,
    ObjectInfo,
    ObjectNotFoundError,
    Part,
    StorageBusyError,
    StoredObject,
)
from tests.unit.sftp.memory_storage import MemoryStorage
from tests.unit.sftp.rig import Rig

pytestmark = pytest.mark.unit

KEY = "alice/file"
PLACE = Mapped("/file", "bucket", KEY, is_root=False)
LOST = StorageBusyError("S3 did not answer in time", code="RequestTimeout")
CONTENT = bytes(range(35))
ETAGS = {
    5: hashlib.md5(CONTENT[:5]).hexdigest(),
    35: hashlib.md5(
        b"".join(hashlib.md5(CONTENT[at : at + 10]).digest() for at in range(0, 35, 10))
    ).hexdigest()
    + "-4",
}
"""By size; parts have 10 bytes."""


class AnswersAreLost(MemoryStorage):
    """Stores objects, and does not say so. They are seen at the third look."""

    def __init__(self, *, modified_at: float | None = None) -> None:
        super().__init__()
        self._modified_at = modified_at
        self.looks = 0

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        await super().put(bucket, key, data, metadata)
        raise LOST

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        await super().put_part(bucket, key, upload_id, number, data)
        return Part(number, f'"{hashlib.md5(data).hexdigest()}"')

    async def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]
    ) -> StoredObject:
        await super().complete_multipart(bucket, key, upload_id, parts)
        raise LOST

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        if upload_id not in self.parts:
            raise ObjectNotFoundError("no such upload", code="NoSuchUpload")
        await super().abort_multipart(bucket, key, upload_id)

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        self.looks += 1
        if self.looks < 3:
            raise ObjectNotFoundError("Not Found", code="NoSuchKey")
        size_bytes = len(self.objects[key])
        modified_at = clock.now() if self._modified_at is None else self._modified_at
        return ObjectInfo(key, size_bytes, modified_at, ETAGS[size_bytes], "v7")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_doubt, "LOOKS_AFTER_S", (0.0,) * 5)


def _run(rig: Rig, size: int, end: Callable[[Upload], Awaitable[None]]) -> None:
    async def upload() -> None:
        file = Upload(rig.session(), PLACE, replaces=None, started_at=0.0)
        await file.write(0, CONTENT[:size])
        await end(file)
        await rig.finish()

    asyncio.run(upload())
    rig.close()


async def _vanish(upload: Upload) -> None:
    upload.abandon("session ended")


async def _close(upload: Upload) -> None:
    await upload.close()


async def _close_in_vain(upload: Upload) -> None:
    with pytest.raises(SFTPFailure, match="RequestTimeout"):
        await upload.close()


@pytest.mark.parametrize("size", ETAGS)
def test_a_part_of_a_file_that_s3_kept_without_saying_so_is_told_to_be_partial(
    tmp_path: Path, size: int
) -> None:
    rig = Rig(tmp_path, AnswersAreLost(), partial_upload="keep")
    _run(rig, size, _vanish)
    (line,) = rig.journal()
    assert (line["event"], line["version_id"], line["etag"]) == ("partial", "v7", ETAGS[size])
    (told,) = rig.happenings
    assert told.failure is not None
    assert (told.failure.code, told.etag) == ("PARTIAL_UPLOAD", ETAGS[size])


@pytest.mark.parametrize("size", ETAGS)
def test_a_file_that_s3_stored_without_saying_so_is_uploaded(tmp_path: Path, size: int) -> None:
    rig = Rig(tmp_path, AnswersAreLost())
    _run(rig, size, _close)
    (line,) = rig.journal()
    assert (line["event"], line["version_id"], line["size_bytes"]) == ("closed", "v7", size)


@pytest.mark.parametrize("size", ETAGS)
def test_an_older_object_of_the_same_content_is_not_it(
    tmp_path: Path, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path, AnswersAreLost(modified_at=clock.now() - 2))
    _run(rig, size, _close_in_vain)
    assert [line["event"] for line in rig.journal()] == ["aborted"]
    assert "parts" not in capsys.readouterr().err  # those of an upload that S3 has ended are not left


def test_where_s3_refuses_one_look_is_enough(tmp_path: Path) -> None:
    class Throttled(AnswersAreLost):
        async def put(
            self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata
        ) -> StoredObject:
            raise StorageBusyError("Slow down", code="SlowDown")

    storage = Throttled()
    rig = Rig(tmp_path, storage, partial_upload="keep")
    _run(rig, 5, _vanish)
    assert storage.looks == 1
    assert [line["event"] for line in rig.journal()] == ["aborted"]


def test_etags_that_are_no_md5_tell_nothing() -> None:
    assert in_doubt.etag_of_parts([Part(1, '"opaque"')]) == ""
