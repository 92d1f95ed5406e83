"""SFTP operations on S3, for one session.

The table of what exists and what is refused:
https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html This class is all that the protocol
layer can call. It does not derive from asyncssh's `SFTPServer`, whose methods work on the local disk: an
operation that is forgotten here fails instead of reaching files of this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from asyncssh import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_EXCL,
    FXF_READ,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPAttrs,
    SFTPError,
    SFTPFailure,
    SFTPName,
    SFTPNoSuchFile,
    SFTPOpUnsupported,
    SFTPPermissionDenied,
)

from harness.sftp import attributes, listing
from harness.sftp.authorisation import Action
from harness.sftp.directories import Location, Mapped, Virtual, normalise
from harness.sftp.handles import Download, OpenFile, Upload
from harness.sftp.session import Session
from harness.sftp.status import TRANSLATED, as_sftp_errors, sftp_error
from harness.sftp.storage.base import ObjectInfo, ObjectNotFoundError
from harness.sftp.window import RandomWriteError


class S3Filesystem:
    """What one user can do. Every method raises `SFTPError` and nothing else on purpose."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._storage = session.services.storage
        self._log = session.log

    # Files

    async def open(self, path: bytes, flags: int, attrs: SFTPAttrs) -> OpenFile:  # noqa: ARG002
        place = self._place(path)
        mode = _mode_names(flags)
        self._log.opened(_real_path(place), mode)
        with self._reported("OPEN", _real_path(place)):
            if flags & FXF_WRITE:
                return await self._open_for_writing(_writable(place), flags)
            return await self._open_for_reading(place)

    async def _open_for_reading(self, place: Location) -> Download:
        if isinstance(place, Virtual) or place.is_root:
            raise SFTPFailure("Is a directory")
        await self._authorise(Action.GET, place)
        return Download(self._session, place, await self._storage.head(place.bucket, place.key))

    async def _open_for_writing(self, place: Mapped, flags: int) -> Upload:
        if flags & (FXF_APPEND | FXF_READ):
            raise SFTPOpUnsupported(str(RandomWriteError()))
        if place.is_root:
            raise SFTPFailure("Is a directory")
        if self._session.services.draining:
            raise SFTPFailure("The server is stopping")
        await self._authorise(Action.PUT, place)
        return Upload(self._session, place, replaces=await self._existing_target(place, flags))

    async def _existing_target(self, place: Mapped, flags: int) -> ObjectInfo | None:
        """The usual way to upload (CREAT and TRUNC) needs no question to S3."""
        if flags & FXF_TRUNC and flags & FXF_CREAT and not flags & FXF_EXCL:
            return None
        existing = await self._head(place)
        if existing is None and not flags & FXF_CREAT:
            raise SFTPNoSuchFile("No such file or directory")
        if existing is not None and flags & FXF_CREAT and flags & FXF_EXCL:
            raise SFTPFailure("File already exists")
        return None if flags & FXF_TRUNC else existing

    async def read(self, file: OpenFile, offset: int, length: int) -> bytes:
        return await file.read(offset, length)

    async def write(self, file: OpenFile, offset: int, data: bytes) -> int:
        await file.write(offset, data)
        return len(data)

    async def close(self, file: OpenFile) -> None:
        await file.close()

    def fstat(self, file: OpenFile) -> SFTPAttrs:
        return file.attributes()

    async def remove(self, path: bytes) -> None:
        place = self._place(path)
        self._log.changed("DELETE", _real_path(place))
        with self._reported("DELETE", _real_path(place)):
            target = _writable(place)
            await self._authorise(Action.DELETE, target)
            if await self._head(target) is None:
                raise await self._missing_or_folder(target)
            await self._storage.delete(target.bucket, target.key)

    async def rename(self, old: bytes, new: bytes) -> None:
        """Copy, then delete. Files only, and never onto something that exists."""
        source, target = self._place(old), self._place(new)
        self._log.renamed(_real_path(source), _real_path(target))
        with self._reported("RENAME", _real_path(source)):
            await self._rename(_writable(source), _writable(target))

    async def _rename(self, source: Mapped, target: Mapped) -> None:
        await self._authorise(Action.GET, source)
        await self._authorise(Action.DELETE, source)
        await self._authorise(Action.PUT, target)
        info = await self._head(source)
        if info is None:
            raise await self._missing_or_folder(source)
        if target.is_root or await self._head(target) is not None or await self._is_folder(target):
            raise SFTPFailure("Renaming onto an existing file or directory is not supported")
        stored = await self._storage.copy(source.bucket, info, target.bucket, target.key)
        ref = self._session.upload_ref(target.bucket, target.key)
        self._session.services.journal.renamed(ref, source.key, stored, info.size_bytes)
        await self._storage.delete(source.bucket, source.key)

    # Folders

    async def opendir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """Fetch the first page now, so that a folder that does not exist fails here."""
        place = self._place(path)
        if isinstance(place, Virtual):
            return _from_list(listing.virtual_names(self._names_below(place)))
        with self._reported("OPENDIR", place.real_path):
            await self._authorise(Action.LIST, place)
            first = await self._storage.list_page(place.bucket, place.prefix, None, listing.PAGE_KEYS)
            if not (first.objects or first.prefixes or place.is_root):
                raise SFTPNoSuchFile("No such file or directory")
        below = self._names_below(place)
        return self._translated(listing.entries(self._storage, place.bucket, place.prefix, first, below))

    async def _translated(self, names: AsyncIterator[SFTPName]) -> AsyncIterator[SFTPName]:
        with as_sftp_errors():
            async for name in names:
                yield name

    async def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        place = self._place(path)
        self._log.changed("MKDIR", _real_path(place))
        with self._reported("MKDIR", _real_path(place)):
            target = _writable(place)
            await self._authorise(Action.PUT, target, as_folder=True)
            if target.is_root or await self._head(target) is not None or await self._is_folder(target):
                raise SFTPFailure("File already exists")
            await self._storage.put(target.bucket, target.prefix, b"", self._session.object_metadata)

    async def rmdir(self, path: bytes) -> None:
        place = self._place(path)
        self._log.changed("RMDIR", _real_path(place))
        with self._reported("RMDIR", _real_path(place)):
            target = _writable(place)
            await self._authorise(Action.DELETE, target, as_folder=True)
            if target.is_root:
                raise SFTPPermissionDenied("Access denied")
            if await self._storage.has_keys(target.bucket, target.prefix, besides=target.prefix):
                raise SFTPFailure("Directory not empty")
            if not await self._is_folder(target):
                raise SFTPNoSuchFile("No such file or directory")
            await self._storage.delete(target.bucket, target.prefix)

    # Names and attributes

    def realpath(self, path: bytes) -> bytes:
        with as_sftp_errors():
            return normalise(path).encode()

    async def stat(self, path: bytes) -> SFTPAttrs:
        place = self._place(path)
        if isinstance(place, Virtual) or place.is_root:
            return attributes.of_folder()
        with as_sftp_errors():
            await self._authorise(Action.GET, place)
            if (info := await self._head(place)) is not None:
                return attributes.of_file(info.size_bytes, info.modified_at)
            if await self._is_folder(place) or self._names_below(place):
                return attributes.of_folder()
        raise SFTPNoSuchFile("No such file or directory")

    async def lstat(self, path: bytes) -> SFTPAttrs:
        return await self.stat(path)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        self._refuse_setstat(_real_path(self._place(path)))

    def fsetstat(self, file: OpenFile, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        self._refuse_setstat(file.real_path)

    def _refuse_setstat(self, real_path: str) -> None:
        """Logged even where `ENABLE_NO_OP` hides that nothing was done."""
        self._log.changed("SETSTAT", real_path)
        if self._session.services.config.set_stat_option != "ENABLE_NO_OP":
            raise SFTPOpUnsupported("SETSTAT is not supported on S3")

    def readlink(self, path: bytes) -> bytes:  # noqa: ARG002
        raise SFTPOpUnsupported("S3 has no symbolic links")

    def symlink(self, old: bytes, new: bytes) -> None:  # noqa: ARG002
        raise SFTPOpUnsupported("S3 has no symbolic links")

    def exit(self) -> None:
        """The session's channel has ended; there is nothing left to release."""

    # Shared

    def _place(self, path: bytes) -> Location:
        with as_sftp_errors():
            return self._session.directories.resolve(path)

    def _names_below(self, place: Location) -> list[str]:
        return self._session.directories.names_below(place.path)

    async def _authorise(self, action: Action, place: Mapped, *, as_folder: bool = False) -> None:
        """:param as_folder: it is about the folder's marker, the key that ends with `/`
        :raises AccessDeniedError: the user may not
        """
        require = self._session.authorisation.require
        if action is Action.LIST:
            await require(action, place.bucket, "", prefix=place.prefix, delimiter="/")
        else:
            await require(action, place.bucket, place.prefix if as_folder else place.key)

    async def _head(self, place: Mapped) -> ObjectInfo | None:
        try:
            return await self._storage.head(place.bucket, place.key) if place.key else None
        except ObjectNotFoundError:
            return None

    async def _is_folder(self, place: Mapped) -> bool:
        return await self._storage.has_keys(place.bucket, place.prefix)

    async def _missing_or_folder(self, place: Mapped) -> SFTPError:
        if place.is_root or await self._is_folder(place):
            return SFTPFailure("Is a directory")
        return SFTPNoSuchFile("No such file or directory")

    @contextmanager
    def _reported(self, operation: str, real_path: str) -> Iterator[None]:
        """Translate errors for the client and put them into the session log."""
        try:
            yield
        except SFTPError as exc:
            self._log.error(operation, real_path, exc.reason)
            raise
        except TRANSLATED as exc:
            self._log.error(operation, real_path, str(exc))
            raise sftp_error(exc) from exc


def _writable(place: Location) -> Mapped:
    """Unmapped parents are read-only, and AWS answers a write there with "No such file or directory"."""
    if isinstance(place, Virtual):
        raise SFTPNoSuchFile("No such file or directory")
    return place


def _real_path(place: Location) -> str:
    return place.path if isinstance(place, Virtual) else place.real_path


def _mode_names(flags: int) -> str:
    """`CREATE|TRUNCATE|WRITE` and the like, as in Transfer's OPEN lines."""
    names = {
        FXF_CREAT: "CREATE",
        FXF_TRUNC: "TRUNCATE",
        FXF_EXCL: "EXCL",
        FXF_APPEND: "APPEND",
        FXF_READ: "READ",
        FXF_WRITE: "WRITE",
    }
    return "|".join(name for flag, name in names.items() if flags & flag)


async def _from_list(names: list[SFTPName]) -> AsyncIterator[SFTPName]:
    for name in names:
        yield name
