from __future__ import annotations

import asyncio

import pytest

from harness.sftp import listing
from harness.sftp.storage.base import ListPage
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.unit


class CountsPages(MemoryStorage):
    def __init__(self) -> None:
        super().__init__()
        self.pages = 0

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        self.pages += 1
        return await super().list_page(bucket, prefix, token, limit=10)


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


async def _names(
    storage: MemoryStorage, prefix: str, extra: tuple[str, ...] = (), stop_after: int = 10**6
) -> list[str]:
    first = await storage.list_page("bucket", prefix, None, 10)
    names: list[str] = []
    mapped = listing.virtual_names(extra)
    async for entry in listing.Folder(storage, "bucket", prefix, first, extra=mapped):
        names.append(_text(entry.filename))
        if len(names) == stop_after:
            break
    return names


def test_pages_are_fetched_as_the_client_goes_on() -> None:
    storage = CountsPages()
    storage.objects = {f"home/{number:03}": b"" for number in range(95)}
    assert asyncio.run(_names(storage, "home/", stop_after=15))[-1] == "014"
    assert storage.pages == 2
    assert len(asyncio.run(_names(storage, "home/"))) == 95


def test_markers_misleading_names_and_doubles_are_left_out() -> None:
    storage = MemoryStorage()
    keys = ["home/", "home/a", "home/a/below", "home/b/c/d", "home//x", "home/../y", "home/./z"]
    storage.objects = dict.fromkeys(keys, b"1")
    assert sorted(asyncio.run(_names(storage, "home/"))) == ["a", "b"]


def test_mapped_entries_are_shown_and_hide_objects_of_their_name() -> None:
    storage = MemoryStorage()
    storage.objects = {"home/special": b"hidden", "home/plain": b"1"}
    assert asyncio.run(_names(storage, "home/", extra=("special",))) == ["special", "plain"]


def test_long_names_look_like_ls() -> None:
    storage = MemoryStorage()
    storage.objects = {"home/file": b"12345", "home/folder/x": b""}

    async def long_names() -> list[str]:
        first = await storage.list_page("bucket", "home/", None, 10)
        return [
            _text(entry.longname or b"") async for entry in listing.Folder(storage, "bucket", "home/", first)
        ]

    file, folder = asyncio.run(long_names())
    assert file.split() == ["-rw-r--r--", "1", "-", "-", "5", "Jan", "1", "1970", "file"]
    assert folder.startswith("drwxr-xr-x")
