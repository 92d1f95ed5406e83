from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

import pytest
from asyncssh import SFTPFailure

from harness.sftp import listing
from harness.sftp.storage.base import ListPage, ObjectInfo, StorageBusyError
from tests.unit.sftp.memory_storage import MemoryStorage, always

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
    async for entry in listing.Folder(storage, "bucket", prefix, first, extra=mapped, require=always):
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


class EndlessFolder(MemoryStorage):
    """Makes each page when it is asked for, and knows which of them somebody still holds."""

    keys = 100_000

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[weakref.ref[ListPage]] = []

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        start = int(token or 0)
        end = min(start + limit, self.keys)
        objects = [ObjectInfo(f"{prefix}file-{number:06}", number, 0.0) for number in range(start, end)]
        page = ListPage(objects, [], str(end) if end < self.keys else None)
        self._pages.append(weakref.ref(page))
        return page

    def pages_held(self) -> int:
        return sum(page() is not None for page in self._pages)


def test_100_000_keys_are_listed_without_holding_them() -> None:
    async def walk() -> tuple[int, int]:
        storage, count, most_held = EndlessFolder(), 0, 0
        first = await storage.list_page("bucket", "home/", None, listing.PAGE_KEYS)
        folder = listing.Folder(storage, "bucket", "home/", first, require=always)
        del first
        async for _ in folder:
            count += 1
            if count % 500 == 1:
                most_held = max(most_held, storage.pages_held() * 1000, len(folder._waiting))
        return count, most_held

    assert asyncio.run(walk()) == (100_000, 999)


class PagesByKey(MemoryStorage):
    """Goes on behind the last key that was given, as S3 does, and changes between the pages."""

    def __init__(self, change: Callable[[dict[str, bytes], int], None]) -> None:
        super().__init__()
        self._change = change
        self._pages = 0

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        self._change(self.objects, self._pages)
        self._pages += 1
        below = (key for key in self.objects if key.startswith(prefix))
        rolled = {
            prefix + key[len(prefix) :].split("/")[0] + "/" * ("/" in key[len(prefix) :]) for key in below
        }
        page = sorted(name for name in rolled if name > (token or ""))[:3]
        objects = [ObjectInfo(name, 1, 0.0) for name in page if not name.endswith("/")]
        prefixes = [name for name in page if name.endswith("/")]
        return ListPage(objects, prefixes, page[-1] if len(page) == 3 else None)


def test_keys_that_come_and_go_neither_repeat_nor_hide_others() -> None:
    def change(objects: dict[str, bytes], page: int) -> None:
        objects[f"home/a-new-{page}"] = b""
        objects.pop(f"home/m{2 * page}", None)

    storage = PagesByKey(change)
    storage.objects = {f"home/m{number}": b"" for number in range(10)}
    storage.objects |= {f"home/stays{number}": b"" for number in range(10)}
    names = asyncio.run(_names(storage, "home/"))
    assert len(names) == len(set(names))
    assert {f"stays{number}" for number in range(10)} <= set(names)
    assert {"m1", "m3", "m5", "m7", "m9"} <= set(names)


def test_a_file_hides_the_folder_of_its_name_pages_later() -> None:
    storage = PagesByKey(lambda _objects, _page: None)
    keys = ["a", *(f"a-{number}" for number in range(9)), "a/x", "b/x", "c"]
    storage.objects = {f"home/{key}": b"" for key in keys}
    names = asyncio.run(_names(storage, "home/"))
    assert sorted(names) == ["a", *(f"a-{number}" for number in range(9)), "b", "c"]


class SecondPageFails(CountsPages):
    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        if self.pages == 1:
            raise StorageBusyError("Please reduce your request rate.", code="SlowDown")
        return await super().list_page(bucket, prefix, token, limit)


def test_an_error_is_not_taken_for_the_end() -> None:
    async def walk() -> None:
        storage = SecondPageFails()
        storage.objects = {f"home/{number:03}": b"" for number in range(30)}
        folder = listing.Folder(
            storage, "bucket", "home/", await storage.list_page("bucket", "home/", None, 10), require=always
        )
        for _ in range(10):
            await anext(folder)
        for _ in range(3):
            with pytest.raises(SFTPFailure, match="SlowDown"):
                await anext(folder)

    asyncio.run(walk())


def test_long_names_look_like_ls() -> None:
    storage = MemoryStorage()
    storage.objects = {"home/file": b"12345", "home/folder/x": b""}

    async def long_names() -> list[str]:
        first = await storage.list_page("bucket", "home/", None, 10)
        return [
            _text(entry.longname or b"")
            async for entry in listing.Folder(storage, "bucket", "home/", first, require=always)
        ]

    file, folder = asyncio.run(long_names())
    assert file.split() == ["-rw-r--r--", "1", "-", "-", "5", "Jan", "1", "1970", "file"]
    assert folder.startswith("drwxr-xr-x")
