from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sftp.storage.base import Metadata, Part, StorageBusyError, StorageError, StoredObject
from harness.sftp.uploads import PartWriter, Target, part_size
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.unit

MIB = 1024 * 1024
TIB = 1024**4
TARGET = Target("bucket", "key", {})


def _writer(storage: MemoryStorage, *, part: int = 10, in_flight: int = 2) -> PartWriter:
    return PartWriter(storage, TARGET, base_part_bytes=part, parts_in_flight=in_flight)


def _unexpected(error: StorageError) -> None:
    raise AssertionError(error)


async def _upload(writer: PartWriter, pieces: Sequence[bytes]) -> StoredObject:
    for piece in pieces:
        await writer.append(piece)
    return await writer.finish()


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 30), st.integers(1, 4))
def test_the_object_holds_what_was_appended(pieces: list[bytes], part: int, in_flight: int) -> None:
    storage = MemoryStorage()
    asyncio.run(_upload(_writer(storage, part=part, in_flight=in_flight), pieces))
    content = b"".join(pieces)
    assert storage.objects["key"] == content
    assert storage.parts == {}
    expected_multipart = len(content) > part
    assert ("create_multipart" in storage.calls) is expected_multipart
    assert ("put" in storage.calls) is not expected_multipart


def test_every_part_but_the_last_has_the_full_size() -> None:
    storage = MemoryStorage()
    writer = _writer(storage)

    async def upload() -> dict[int, int]:
        await writer.append(b"x" * 25)
        await asyncio.sleep(0)
        sizes = {number: len(data) for number, data in storage.parts["key"].items()}
        await writer.finish()
        return sizes

    assert asyncio.run(upload()) == {1: 10, 2: 10}
    assert len(storage.objects["key"]) == 25


def test_nothing_is_visible_before_the_end() -> None:
    storage = MemoryStorage()

    async def append() -> None:
        await _writer(storage).append(b"x" * 100)

    asyncio.run(append())
    assert storage.objects == {}


class PartsWait(MemoryStorage):
    """Parts that S3 answers only when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()
        self.in_flight = 0
        self.most_in_flight = 0

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.released.wait()
        self.in_flight -= 1
        return await super().put_part(bucket, key, upload_id, number, data)


def test_a_slow_s3_holds_the_writer_back() -> None:
    async def upload() -> PartsWait:
        storage = PartsWait()
        writer = _writer(storage, in_flight=2)
        feeding = asyncio.create_task(writer.append(b"x" * 100))
        done, _ = await asyncio.wait([feeding], timeout=0.05)
        assert not done
        storage.released.set()
        await feeding
        await writer.finish()
        return storage

    storage = asyncio.run(upload())
    assert storage.most_in_flight == 2
    assert storage.objects["key"] == b"x" * 100


class SecondPartFails(MemoryStorage):
    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        if number == 2:
            raise StorageBusyError("slow down", code="SlowDown")
        return await super().put_part(bucket, key, upload_id, number, data)


def test_a_failed_part_is_told_and_the_rest_is_thrown_away() -> None:
    storage = SecondPartFails()

    async def upload() -> None:
        writer = _writer(storage, in_flight=1)
        with pytest.raises(StorageBusyError):
            await _upload(writer, [b"x" * 10] * 6)
        await writer.abort(_unexpected)

    asyncio.run(upload())
    assert storage.objects == {}
    assert storage.parts == {}


class AbortFailsOnce(MemoryStorage):
    failed = False

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        if not self.failed:
            self.failed = True
            raise StorageBusyError("not now", code="ServiceUnavailable")
        await super().abort_multipart(bucket, key, upload_id)


class AbortNeverWorks(MemoryStorage):
    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        raise StorageBusyError("not now", code="ServiceUnavailable")


async def _append_and_abort(storage: MemoryStorage) -> list[StorageError]:
    failures: list[StorageError] = []
    writer = _writer(storage)
    await writer.append(b"x" * 30)
    await writer.abort(failures.append)
    return failures


def test_an_abort_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sftp.uploads._ABORT_DELAYS_S", (0.0, 0.0))
    storage = AbortFailsOnce()
    assert asyncio.run(_append_and_abort(storage)) == []
    assert storage.parts == {}


def test_an_abort_that_never_works_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sftp.uploads._ABORT_DELAYS_S", (0.0, 0.0))
    (failure,) = asyncio.run(_append_and_abort(AbortNeverWorks()))
    assert failure.code == "ServiceUnavailable"


def test_small_uploads_need_no_abort() -> None:
    storage = MemoryStorage()

    async def upload() -> None:
        writer = _writer(storage)
        await writer.append(b"x")
        await writer.abort(_unexpected)

    asyncio.run(upload())
    assert storage.calls == []


@pytest.mark.parametrize("base_mib", [5, 8, 64, 512])
def test_parts_grow_late_and_5_tib_fit(base_mib: int) -> None:
    sizes = [part_size(base_mib * MIB, number) for number in range(1, 10_001)]
    assert set(sizes[:700]) == {base_mib * MIB}
    assert sizes[700] == 2 * base_mib * MIB
    assert sum(sizes) >= 5 * TIB
    assert max(sizes) <= 1024 * MIB


def test_a_file_larger_than_s3_allows_is_refused() -> None:
    async def upload() -> None:
        writer = PartWriter(MemoryStorage(), TARGET, base_part_bytes=10, parts_in_flight=2, max_bytes=25)
        await writer.append(b"x" * 25)
        with pytest.raises(StorageError, match="larger than 5 TB"):
            await writer.append(b"x")

    asyncio.run(upload())


class CreateWaits(MemoryStorage):
    """A multipart upload that S3 begins only when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.released = asyncio.Event()

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:
        self.asked.set()
        await self.released.wait()
        return await super().create_multipart(bucket, key, metadata)


def test_an_upload_given_up_while_it_begins_leaves_no_multipart_upload() -> None:
    async def give_up() -> CreateWaits:
        storage = CreateWaits()
        writer = _writer(storage)
        appending = asyncio.create_task(writer.append(b"x" * 100))
        await storage.asked.wait()
        aborting = asyncio.create_task(writer.abort(_unexpected))
        await asyncio.sleep(0)
        storage.released.set()
        with pytest.raises(StorageError, match="given up"):
            await appending
        await aborting
        return storage

    storage = asyncio.run(give_up())
    assert storage.parts == {}
    assert storage.objects == {}
