from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sftp.downloads import RangeReader
from tests.unit.sftp.memory_storage import MemoryStorage, always

pytestmark = pytest.mark.unit

CONTENT = bytes(range(256)) * 2


async def _read(storage: MemoryStorage, ranges: list[tuple[int, int]]) -> list[bytes]:
    reader = RangeReader(
        storage, "bucket", await storage.head("bucket", "key"), chunk_bytes=50, require=always
    )
    try:
        return [await reader.read(offset, length) for offset, length in ranges]
    finally:
        await reader.close()


def _storage() -> MemoryStorage:
    storage = MemoryStorage()
    storage.objects["key"] = CONTENT
    return storage


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 100)), max_size=20))
def test_any_read_gives_a_true_piece(ranges: list[tuple[int, int]]) -> None:
    """A read may be short, as SFTP allows, but never wrong, and empty only at the end."""
    for (offset, length), data in zip(ranges, asyncio.run(_read(_storage(), ranges)), strict=True):
        assert CONTENT[offset : offset + len(data)] == data
        assert len(data) <= length
        assert bool(data) is (length > 0 and offset < len(CONTENT))


def test_reading_in_order_fetches_each_byte_once_and_ahead() -> None:
    storage = _storage()
    pieces = asyncio.run(_read(storage, [(start, 50) for start in range(0, len(CONTENT), 50)]))
    assert b"".join(pieces) == CONTENT
    reads = [call for call in storage.calls if call.startswith("read")]
    assert len(reads) == len(set(reads)) == 11


def test_nothing_is_fetched_past_the_end() -> None:
    storage = _storage()
    assert asyncio.run(_read(storage, [(len(CONTENT), 10), (10_000, 10)])) == [b"", b""]
    assert not [call for call in storage.calls if call.startswith("read")]
