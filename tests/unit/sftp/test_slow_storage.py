"""S3 that is slow or does not answer: memory stays bounded, whoever uploads, and nobody is stuck for ever."""

from __future__ import annotations

import asyncio
import tracemalloc
from pathlib import Path

import pytest
from asyncssh import FXF_CREAT, FXF_TRUNC, FXF_WRITE, SFTPAttrs

from harness.sftp.services import PARTS_AT_ONCE
from harness.sftp.storage.base import Part
from tests.unit.sftp.memory_storage import MemoryStorage
from tests.unit.sftp.rig import Rig

pytestmark = pytest.mark.unit

MIB = 1024 * 1024
PART_BYTES = 1 * MIB
UPLOADS = 60
PIECE = bytes(64 * 1024)


class PartsWait(MemoryStorage):
    """Holds every part until it is told to go on; keeps no contents."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self.waiting = 0
        self.most_waiting = 0

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        await self.go_on.wait()
        self.waiting -= 1
        return await super().put_part(bucket, key, upload_id, number, b"")


async def _upload(rig: Rig, number: int) -> None:
    filesystem = rig.filesystem()
    file = await filesystem.open(b"/%d" % number, FXF_WRITE | FXF_CREAT | FXF_TRUNC, SFTPAttrs())
    for at in range(0, 6 * PART_BYTES, len(PIECE)):
        await filesystem.write(file, at, PIECE)
    await filesystem.close(file)


def test_many_slow_uploads_hold_one_part_each_and_a_few_more(tmp_path: Path) -> None:
    async def go() -> float:
        storage = PartsWait()
        rig = Rig(tmp_path, storage, part_size_bytes=PART_BYTES, parts_in_flight=4)
        tracemalloc.start()
        uploads = [asyncio.ensure_future(_upload(rig, number)) for number in range(UPLOADS)]
        for _ in range(2000):
            await asyncio.sleep(0)
        held_mib = tracemalloc.get_traced_memory()[0] / MIB
        tracemalloc.stop()
        assert storage.most_waiting == PARTS_AT_ONCE
        storage.go_on.set()
        await asyncio.gather(*uploads)
        assert [line["event"] for line in rig.journal()] == ["closed"] * UPLOADS
        rig.close()
        return held_mib

    held_mib = asyncio.run(go())
    assert held_mib < (UPLOADS + PARTS_AT_ONCE) * PART_BYTES / MIB * 1.4, held_mib


def test_uploads_that_are_given_up_while_s3_is_stuck_free_everything(tmp_path: Path) -> None:
    async def go() -> None:
        storage = PartsWait()
        rig = Rig(tmp_path, storage, part_size_bytes=PART_BYTES)
        uploads = [asyncio.ensure_future(_upload(rig, number)) for number in range(UPLOADS)]
        for _ in range(2000):
            await asyncio.sleep(0)
        for upload in list(rig.services.open_uploads):
            upload.abandon("the client is gone")
        storage.go_on.set()
        await asyncio.gather(*uploads, return_exceptions=True)
        await rig.finish()
        assert (storage.parts, storage.objects, rig.services.open_uploads) == ({}, {}, set())
        assert rig.services.part_slots._value == PARTS_AT_ONCE
        rig.close()

    asyncio.run(go())
