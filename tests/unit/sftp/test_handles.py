"""How uploads end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncssh import SFTPFailure, SFTPPermissionDenied

from harness.sftp.directories import Mapped
from harness.sftp.handles import Upload
from harness.sftp.storage.base import (
    Metadata,
    ObjectInfo,
    Part,
    StorageBusyError,
    StorageDeniedError,
    StoredObject,
)
from tests.unit.sftp.memory_storage import MemoryStorage
from tests.unit.sftp.rig import Rig

pytestmark = pytest.mark.unit

KEY = "alice/file"
PLACE = Mapped("/file", "bucket", KEY, is_root=False)


class PutIsDenied(MemoryStorage):
    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        raise StorageDeniedError("Access Denied", code="AccessDenied")


class CompletionFails(MemoryStorage):
    async def complete_multipart(self, *_: Any) -> StoredObject:
        raise StorageBusyError("Internal error", code="InternalError")


class SecondPartFails(MemoryStorage):
    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        if number == 2:
            raise StorageBusyError("Service Unavailable", code="ServiceUnavailable")
        return await super().put_part(bucket, key, upload_id, number, data)


class PartsWait(MemoryStorage):
    """Parts that S3 takes only when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        await self.released.wait()
        return await super().put_part(bucket, key, upload_id, number, data)


Steps = Callable[[Upload], Awaitable[None]]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(**settings: Any) -> Rig:
        rigs.append(Rig(tmp_path, **settings))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


def _run(rig: Rig, steps: Steps, replaces: ObjectInfo | None = None) -> None:
    async def upload() -> None:
        await steps(Upload(rig.session(), PLACE, replaces=replaces, started_at=0.0))
        await rig.finish()

    asyncio.run(upload())


def _nothing_is_left(rig: Rig) -> None:
    assert rig.storage.objects == {}
    assert rig.storage.parts == {}
    assert rig.services.open_uploads == set()


async def _write_and_vanish(upload: Upload, size: int) -> None:
    for start in range(0, size, 7):
        await upload.write(start, bytes(range(start, min(start + 7, size))))
    upload.abandon("session ended")


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 21, 95])
def test_kept_is_what_arrived(make_rig: Callable[..., Rig], size: int) -> None:
    """Below, at and above the size of a part (10)."""
    rig = make_rig(partial_upload="keep")
    _run(rig, lambda upload: _write_and_vanish(upload, size))
    assert rig.storage.objects == {KEY: bytes(range(size))}
    assert rig.storage.parts == {}
    (line,) = rig.journal()
    assert (line["event"], line["key"], line["size_bytes"]) == ("partial", KEY, size)
    assert line["version_id"] == "v1"
    assert line["etag"]
    assert rig.activities() == ["PARTIAL_CLOSE"]
    assert rig.lines[0]["bytes-in"] == str(size)
    (told,) = rig.happenings
    assert told.failure is not None
    assert (told.failure.code, told.etag, told.size_bytes) == ("PARTIAL_UPLOAD", line["etag"], size)
    assert rig.services.open_uploads == set()


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 95])
def test_discarded_leaves_nothing(make_rig: Callable[..., Rig], size: int) -> None:
    rig = make_rig(partial_upload="discard")
    _run(rig, lambda upload: _write_and_vanish(upload, size))
    _nothing_is_left(rig)
    (line,) = rig.journal()
    assert (line["event"], line["size_bytes"], line["reason"]) == ("aborted", size, "session ended")
    assert rig.activities() == ["PARTIAL_CLOSE"]
    (told,) = rig.happenings
    assert told.failure is not None
    assert (told.failure.code, told.etag) == ("PARTIAL_UPLOAD", None)


async def _gap(upload: Upload) -> None:
    await upload.write(0, b"abc")
    await upload.write(50, b"early")
    upload.abandon("session ended")


def test_kept_ends_before_the_first_gap(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(partial_upload="keep")
    _run(rig, _gap)
    assert rig.storage.objects == {KEY: b"abc"}
    assert rig.journal()[0]["size_bytes"] == 3


async def _random_write(upload: Upload) -> None:
    await upload.write(0, b"abc" * 5)
    with pytest.raises(SFTPFailure, match="random access writes"):
        await upload.write(1, b"X")
    upload.abandon("session ended")


async def _failed_part(upload: Upload) -> None:
    await upload.write(0, bytes(30))
    while upload._writer._error is None:
        await asyncio.sleep(0)
    with pytest.raises(SFTPFailure):
        await upload.write(30, bytes(30))
    upload.abandon("session ended")


@pytest.mark.parametrize(
    ("storage", "steps"),
    [(MemoryStorage, _random_write), (SecondPartFails, _failed_part)],
    ids=["random write", "S3 refused a part"],
)
def test_nothing_is_kept_after_an_error(
    make_rig: Callable[..., Rig], storage: type[MemoryStorage], steps: Steps
) -> None:
    rig = make_rig(partial_upload="keep", storage=storage())
    _run(rig, steps)
    _nothing_is_left(rig)
    assert [line["event"] for line in rig.journal()] == ["aborted"]
    assert [told.failure and told.failure.code for told in rig.happenings] == ["UNKNOWN_ERROR"]


@pytest.mark.parametrize(("storage", "size"), [(PutIsDenied, 5), (CompletionFails, 50)])
@pytest.mark.parametrize("end", ["close", "abandon"])
def test_s3_refuses_the_object(
    make_rig: Callable[..., Rig], storage: type[MemoryStorage], size: int, end: str
) -> None:
    rig = make_rig(partial_upload="keep", storage=storage())

    async def steps(upload: Upload) -> None:
        await upload.write(0, bytes(size))
        if end == "abandon":
            upload.abandon("session ended")
        else:
            with pytest.raises((SFTPFailure, SFTPPermissionDenied)):
                await upload.close()

    _run(rig, steps)
    _nothing_is_left(rig)
    assert [line["event"] for line in rig.journal()] == ["aborted"]
    assert rig.activities() == ["ERROR"]


@pytest.mark.parametrize("sent", [0, 4])
def test_kept_never_cuts_an_object_that_was_opened_without_trunc(
    make_rig: Callable[..., Rig], sent: int
) -> None:
    rig = make_rig(partial_upload="keep")
    rig.storage.objects[KEY] = b"old and longer"

    async def steps(upload: Upload) -> None:
        await upload.write(0, b"n" * sent)
        upload.abandon("session ended")

    _run(rig, steps, replaces=ObjectInfo(KEY, 14, 0.0))
    assert rig.storage.objects == {KEY: b"old and longer"}
    assert [line["event"] for line in rig.journal()] == ["aborted"]


def test_a_server_that_stops_keeps_what_a_write_is_just_adding(make_rig: Callable[..., Rig]) -> None:
    """The write waits for S3 while `stop` gives the upload up."""

    async def stop_in_the_middle() -> None:
        storage = PartsWait()
        rig = make_rig(partial_upload="keep", storage=storage)
        upload = Upload(rig.session(), PLACE, replaces=None, started_at=0.0)
        write = asyncio.create_task(upload.write(0, bytes(95)))
        while storage.calls != ["create_multipart"]:
            await asyncio.sleep(0)
        upload.abandon("the server was stopped")
        storage.released.set()
        await write
        await rig.finish()
        assert storage.objects == {KEY: bytes(95)}
        assert [line["event"] for line in rig.journal()] == ["partial"]

    asyncio.run(stop_in_the_middle())


@pytest.mark.parametrize("setting", ["keep", "discard"])
def test_a_client_that_vanishes_while_it_closes_has_closed(
    make_rig: Callable[..., Rig], setting: str
) -> None:
    rig = make_rig(partial_upload=setting)

    async def steps(upload: Upload) -> None:
        await upload.write(0, b"whole")
        closing = asyncio.create_task(upload.close())
        await asyncio.sleep(0)
        upload.abandon("session ended")
        await closing

    _run(rig, steps)
    assert rig.storage.objects == {KEY: b"whole"}
    assert [line["event"] for line in rig.journal()] == ["closed"]
    assert rig.activities() == ["CLOSE"]


@pytest.mark.parametrize("setting", ["keep", "discard"])
@pytest.mark.parametrize("late_request", ["write", "close"])
def test_a_request_after_the_upload_was_given_up_changes_nothing(
    make_rig: Callable[..., Rig], setting: str, late_request: str
) -> None:
    rig = make_rig(partial_upload=setting)
    late: dict[str, Any] = {"write": lambda upload: upload.write(1, b"y" * 50), "close": Upload.close}

    async def steps(upload: Upload) -> None:
        await upload.write(0, b"x")
        upload.abandon("the server was stopped")
        with pytest.raises(SFTPFailure):
            await late[late_request](upload)

    _run(rig, steps)
    assert rig.storage.objects == ({KEY: b"x"} if setting == "keep" else {})
    assert rig.storage.parts == {}
    assert len(rig.journal()) == 1
