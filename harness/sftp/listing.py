"""Folders of a bucket: page by page, never all keys at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from asyncssh import SFTPName

from harness import clock
from harness.sftp import attributes
from harness.sftp.storage.base import ListPage, Storage

PAGE_KEYS = 1000


def _is_name(name: str) -> bool:
    """Keys such as `a//b` or `a/../b` can be in a bucket; a client that got `..` or an empty name from us
    could be led out of its own folder.
    """
    return name not in ("", ".", "..") and "\0" not in name


def names_of_page(page: ListPage, prefix: str, now: float) -> list[SFTPName]:
    """Turn one page into names; the folder's own marker is left out, a file hides a folder of its name."""
    files = {info.key[len(prefix) :]: info for info in page.objects}
    folders = [key[len(prefix) :].removesuffix("/") for key in page.prefixes]
    names = [
        attributes.entry(name, attributes.of_file(info.size_bytes, info.modified_at), now)
        for name, info in files.items()
        if _is_name(name)
    ]
    names += [
        attributes.entry(name, attributes.of_folder(), now)
        for name in folders
        if _is_name(name) and name not in files
    ]
    return names


def virtual_names(names: Sequence[str]) -> list[SFTPName]:
    """Folders that exist only because something is mapped below them."""
    return [attributes.entry(name, attributes.of_folder(), clock.now()) for name in names]


async def entries(
    storage: Storage, bucket: str, prefix: str, first: ListPage, extra: Sequence[str]
) -> AsyncIterator[SFTPName]:
    """Yield everything in the folder, beginning with a page that has been fetched.

    :param extra: names of mapped entries in this folder; they hide objects of the same name
    """
    for name in virtual_names(extra):
        yield name
    hidden = {name.encode() for name in extra}
    page = first
    while True:
        for name in names_of_page(page, prefix, clock.now()):
            if name.filename not in hidden:
                yield name
        if page.next_token is None:
            return
        page = await storage.list_page(bucket, prefix, page.next_token, PAGE_KEYS)
