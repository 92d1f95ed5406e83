"""Folders of a bucket: page by page, never all keys at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

from asyncssh import SFTPAttrs, SFTPError, SFTPName

from harness import clock
from harness.sftp import attributes
from harness.sftp.status import TRANSLATED, sftp_error
from harness.sftp.storage.base import ListPage, Storage

PAGE_KEYS = 1000
MARKERS_AT_ONCE = 16

FolderAttributes = Callable[[str], Awaitable[SFTPAttrs]]
"""Takes the key of a folder's marker (with its slash)."""


async def plain_folder(marker: str) -> SFTPAttrs:  # noqa: ARG001
    """Attributes of a folder whose marker is not asked for."""
    return attributes.of_folder()


class Folder:
    """Iterates over everything in one folder, beginning with a page that has been fetched.

    Holds one page. Pages continue behind the last key that was seen, so keys that come and go meanwhile
    neither repeat nor hide others. An error stays: a client that asks again must not take the rest for the
    end.
    """

    def __init__(
        self,
        storage: Storage,
        bucket: str,
        prefix: str,
        first: ListPage,
        *,
        extra: Sequence[SFTPName] = (),
        folder_attributes: FolderAttributes = plain_folder,
        require: Callable[[], Awaitable[None]],
    ) -> None:
        """:param extra: entries that exist by a mapping; they hide objects of the same name
        :param require: called before each further page; raises when the user may no longer list the folder
        """
        self._require = require
        self._storage = storage
        self._bucket = bucket
        self._prefix = prefix
        self._page: ListPage | None = first
        self._next_token: str | None = None
        self._waiting: list[SFTPName] = list(reversed(extra))
        self._hidden = {name.filename for name in extra}
        self._files_in_reach: set[str] = set()
        self._folder_attributes = folder_attributes
        self._error: SFTPError | None = None

    def __aiter__(self) -> AsyncIterator[SFTPName]:
        return self

    async def __anext__(self) -> SFTPName:
        """:raises SFTPError: S3 refused, or the user may not look at a folder"""
        if self._error is not None:
            raise self._error
        try:
            while not self._waiting:
                await self._load()
        except TRANSLATED as exc:
            self._error = sftp_error(exc)
            raise self._error from exc
        return self._waiting.pop()

    async def _load(self) -> None:
        page, self._page = self._page, None
        if page is None:
            if self._next_token is None:
                raise StopAsyncIteration
            await self._require()
            page = await self._storage.list_page(self._bucket, self._prefix, self._next_token, PAGE_KEYS)
        self._next_token = page.next_token
        names = await self._names(page)
        self._waiting = [name for name in reversed(names) if name.filename not in self._hidden]

    async def _names(self, page: ListPage) -> list[SFTPName]:
        """Leave the folder's own marker out; a file hides a folder of its name."""
        start, now = len(self._prefix), clock.now()
        files = {info.key[start:]: info for info in page.objects}
        taken = self._files_in_reach | files.keys()
        markers = [key for key in page.prefixes if is_name(key[start:-1]) and key[start:-1] not in taken]
        names = [
            attributes.entry(name, attributes.of_file(info.size_bytes, info.modified_at), now)
            for name, info in files.items()
            if is_name(name)
        ]
        for marker, attrs in zip(markers, await self._of_folders(markers), strict=True):
            names.append(attributes.entry(marker[start:-1], attrs, now))
        self._files_in_reach = _in_reach(taken, page, start)
        return names

    async def _of_folders(self, markers: Sequence[str]) -> list[SFTPAttrs]:
        found: list[SFTPAttrs] = []
        for at in range(0, len(markers), MARKERS_AT_ONCE):
            some = markers[at : at + MARKERS_AT_ONCE]
            found += await asyncio.gather(*(self._folder_attributes(marker) for marker in some))
        return found


def is_name(name: str) -> bool:
    """Keys such as `a//b` or `a/../b` can be in a bucket; a client that got `..` or an empty name from us
    could be led out of its own folder.
    """
    return name not in ("", ".", "..") and "\0" not in name


def _in_reach(files: Collection[str], page: ListPage, start: int) -> set[str]:
    """Return the files whose folder of the same name may still come on a later page: between `a` and `a/` in
    S3's order there are only names that begin with `a`.
    """
    last = max([info.key for info in page.objects[-1:]] + list(page.prefixes[-1:]), default="")[start:]
    return {name for name in files if last.startswith(name)}


def virtual_names(names: Sequence[str]) -> list[SFTPName]:
    """Folders that exist only because something is mapped below them."""
    return [attributes.entry(name, attributes.of_folder(), clock.now()) for name in names]
