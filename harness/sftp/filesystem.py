"""SFTP operations on S3, for one session.

The table of what exists and what is refused:
https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html This class is all that the protocol
layer can call. It does not derive from asyncssh's `SFTPServer`, whose methods work on the local disk: an
operation that is forgotten here fails instead of reaching files of this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

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

from harness import clock
from harness.sftp import attributes, listing
from harness.sftp.authorisation import AccessDeniedError, Action
from harness.sftp.directories import BadPathError, Location, Mapped, UnmappedPathError, Virtual
from harness.sftp.handles import Download, OpenFile, Upload
from harness.sftp.places import Nowhere, existing, mode_names, real_path, writable
from harness.sftp.session import Session
from harness.sftp.status import TRANSLATED, as_sftp_errors, sftp_error
from harness.sftp.storage.base import ListPage, ObjectInfo, ObjectNotFoundError
from harness.sftp.window import RandomWriteError


class S3Filesystem:
    """What one user can do. Every method raises `SFTPError` and nothing else on purpose."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._storage = session.services.storage
        self._records = session.records
        self._require = session.authorisation.require

    # Files

    async def open(self, path: bytes, flags: int, attrs: SFTPAttrs) -> OpenFile:  # noqa: ARG002
        place, started_at = self._find(path), clock.now()
        self._records.opened(real_path(place), mode_names(flags))
        with self._errors_reported("OPEN", place):
            if flags & FXF_WRITE:
                return await self._open_for_writing(writable(place), flags, started_at)
            return await self._open_for_reading(existing(place), started_at)

    async def _open_for_reading(self, place: Location, started_at: float) -> Download:
        if isinstance(place, Virtual) or place.is_root:
            raise SFTPFailure("Is a directory")
        await self._require(Action.GET, place.bucket, place.key)
        info = await self._storage.head(place.bucket, place.key)
        return Download(self._session, place, info, started_at=started_at)

    async def _open_for_writing(self, place: Mapped, flags: int, started_at: float) -> Upload:
        if flags & (FXF_APPEND | FXF_READ):
            raise SFTPOpUnsupported(str(RandomWriteError()))
        if place.is_root:
            raise SFTPFailure("Is a directory")
        if self._session.services.draining:
            raise SFTPFailure("The server is stopping")
        await self._require(Action.PUT, place.bucket, place.key)
        existing = await self._existing_target(place, flags)
        return Upload(self._session, place, replaces=existing, started_at=started_at)

    async def _existing_target(self, place: Mapped, flags: int) -> ObjectInfo | None:
        """The usual way to upload (CREAT and TRUNC) needs no question to S3. Who may write an object may know
        that it is there (S3's own conditional writes tell), but only who may read it, how long it is.
        """
        if flags & FXF_TRUNC and flags & FXF_CREAT and not flags & FXF_EXCL:
            return None
        found = await self._head(place)
        if found is None and not flags & FXF_CREAT:
            raise SFTPNoSuchFile("No such file or directory")
        if found is not None and flags & FXF_CREAT and flags & FXF_EXCL:
            raise SFTPFailure("File already exists")
        if flags & FXF_TRUNC or await self._denial(Action.GET, place) is not None:
            return None
        return found

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
        place = self._find(path)
        with self._reported(self._records.deleted, place):
            target = writable(place)
            await self._require(Action.DELETE, target.bucket, target.key)
            if await self._head(target) is None:
                raise await self._missing_or_folder(target)
            await self._storage.delete(target.bucket, target.key)

    async def rename(self, old: bytes, new: bytes) -> None:
        """Copy, then delete. Files only, and never onto something that exists."""
        source, target = self._find(old), self._find(new)
        report = partial(self._records.renamed, new_path=real_path(target))
        with self._reported(report, source):
            await self._rename(writable(source), writable(target))

    async def _rename(self, source: Mapped, target: Mapped) -> None:
        await self._require(Action.GET, source.bucket, source.key)
        await self._require(Action.DELETE, source.bucket, source.key)
        await self._require(Action.PUT, target.bucket, target.key)
        info = await self._head(source)
        if info is None:
            raise await self._missing_or_folder(source)
        if await self._exists(target):
            raise SFTPFailure("Renaming onto an existing file or directory is not supported")
        stored = await self._storage.copy(source.bucket, info, target.bucket, target.key)
        ref = self._session.upload_ref(target.bucket, target.key)
        self._session.services.journal.renamed(ref, source.key, stored, info.size_bytes)
        await self._storage.delete(source.bucket, source.key)

    # Folders

    async def opendir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """Fetch the first page now, so that a folder that does not exist fails here."""
        found = self._find(path)
        with self._errors_reported("OPENDIR", found):
            place = existing(found)
            below = await self._mapped_below(place)
            if isinstance(place, Mapped):
                return await self._folder(place, below)
            if not place.is_listable:
                raise AccessDeniedError
            return _from_list(below)

    async def _folder(self, place: Mapped, below: Sequence[SFTPName]) -> listing.Folder:
        if self._is_mapped_file(place):
            raise SFTPFailure("Not a directory")
        await self._may_list(place)
        first = await self._storage.list_page(place.bucket, place.prefix, None, listing.PAGE_KEYS)
        if not self._is_there(place, first):
            raise SFTPNoSuchFile("No such file or directory")
        attributes_of = listing.plain_folder if self._optimised else partial(self._marker, place.bucket)
        return listing.Folder(
            self._storage,
            place.bucket,
            place.prefix,
            first,
            extra=below,
            folder_attributes=attributes_of,
            require=partial(self._may_list, place),
        )

    def _is_there(self, place: Mapped, first: ListPage) -> bool:
        """A folder is there with its first key. The root of a home is always there where listings are
        optimised, and needs its marker where they are not
        (https://docs.aws.amazon.com/transfer/latest/userguide/implement-log-dirs.html).
        """
        if not place.is_root or not place.key:
            return place.is_root or bool(first.objects or first.prefixes)
        return self._optimised or any(info.key == place.prefix for info in first.objects)

    @property
    def _optimised(self) -> bool:
        """Without optimisation every folder in a listing costs a HeadObject of its marker, which the user
        must be allowed: https://docs.aws.amazon.com/transfer/latest/userguide/configure-storage.html
        """
        return self._session.services.config.directory_listing_optimization == "ENABLED"

    async def _marker(self, bucket: str, key: str) -> SFTPAttrs:
        """Return the attributes of a folder by its marker, which need not exist."""
        await self._require(Action.GET, bucket, key)
        try:
            return attributes.of_folder((await self._storage.head(bucket, key)).modified_at)
        except ObjectNotFoundError:
            return attributes.of_folder()

    async def _mapped_below(self, place: Location) -> list[SFTPName]:
        """Name what is in this folder only because something is mapped there, or below."""
        directories, names = self._session.directories, []
        files = directories.files_below(place.path)
        for name in directories.names_below(place.path):
            if name not in files:
                names.append(attributes.entry(name, attributes.of_folder(), clock.now()))
            elif await self._denial(Action.GET, files[name]) is not None:
                continue
            elif (info := await self._head(files[name])) is not None:
                attrs = attributes.of_file(info.size_bytes, info.modified_at)
                names.append(attributes.entry(name, attrs, clock.now()))
        return names

    def _is_mapped_file(self, place: Location) -> bool:
        parent, _, name = place.path.rpartition("/")
        return name in self._session.directories.files_below(parent or "/")

    async def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002
        place = self._find(path)
        with self._reported(self._records.directory_created, place):
            target = writable(place)
            await self._require(Action.PUT, target.bucket, target.prefix)
            may_get = await self._denial(Action.GET, target) is None
            if self._is_mapped_file(target) or await self._exists(target, look_for_file=may_get):
                raise SFTPFailure("File already exists")
            await self._storage.put(target.bucket, target.prefix, b"", self._session.object_metadata)

    async def rmdir(self, path: bytes) -> None:
        place = self._find(path)
        with self._reported(self._records.directory_deleted, place):
            target = writable(place)
            await self._require(Action.DELETE, target.bucket, target.prefix)
            await self._may_list(target)
            if target.is_root:
                raise SFTPPermissionDenied("Access denied")
            if self._is_mapped_file(target):
                raise SFTPFailure("Not a directory")
            if await self._storage.has_keys(target.bucket, target.prefix, besides=target.prefix):
                raise SFTPFailure("Directory not empty")
            if not await self._has_keys(target):
                raise SFTPNoSuchFile("No such file or directory")
            await self._storage.delete(target.bucket, target.prefix)

    # Names and attributes

    def realpath(self, path: bytes) -> bytes:
        with as_sftp_errors():
            return self._session.directories.absolute(path).encode()

    async def stat(self, path: bytes) -> SFTPAttrs:
        """HeadObject, else a question for keys below. A user whose policy begins at `home/*` may not ask for
        the object `home` itself, but may list it: then it is a folder, or nothing that they may know of.
        """
        with as_sftp_errors():
            place = existing(self._find(path))
            if isinstance(place, Virtual) or (place.is_root and not place.is_named_bucket):
                return attributes.of_folder()
            denied = await self._denial(Action.GET, place)
            if denied is None and (info := await self._head(place)) is not None:
                return attributes.of_file(info.size_bytes, info.modified_at)
            if await self._is_listable_folder(place, denied):
                return attributes.of_folder()
        raise SFTPNoSuchFile("No such file or directory")

    async def _is_listable_folder(self, place: Mapped, denied: AccessDeniedError | None) -> bool:
        """:param denied: raised instead of "no" """
        if self._is_mapped_file(place):
            return False
        await self._may_list(place)
        has_keys = await self._has_keys(place)  # raises when there is no such bucket
        if has_keys or place.is_named_bucket or self._session.directories.names_below(place.path):
            return True
        if denied is not None:
            raise denied
        return False

    async def _denial(self, action: Action, place: Mapped) -> AccessDeniedError | None:
        try:
            await self._require(action, place.bucket, place.key)
        except AccessDeniedError as exc:
            return exc
        return None

    async def lstat(self, path: bytes) -> SFTPAttrs:
        return await self.stat(path)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        self._refuse_setstat(real_path(self._find(path)), attrs)

    def fsetstat(self, file: OpenFile, attrs: SFTPAttrs) -> None:
        self._refuse_setstat(file.real_path, attrs)

    def _refuse_setstat(self, real_path: str, attrs: SFTPAttrs) -> None:
        """`ENABLE_NO_OP` hides that modes, owners and times are not kept. A size is refused all the same:
        nobody should believe that a file was cut.
        """
        self._records.setstat(real_path)
        hidden = self._session.services.config.set_stat_option == "ENABLE_NO_OP"
        if not hidden or attrs.size is not None:
            raise SFTPOpUnsupported("SETSTAT is not supported on S3")

    def readlink(self, path: bytes) -> bytes:  # noqa: ARG002
        raise SFTPOpUnsupported("S3 has no symbolic links")

    def symlink(self, old: bytes, new: bytes) -> None:  # noqa: ARG002
        with self._errors_reported("CREATE_SYMLINK", self._find(new)):
            raise SFTPOpUnsupported("S3 has no symbolic links")

    def exit(self) -> None:
        """The session's channel has ended; there is nothing left to release."""

    # Shared

    def _find(self, path: bytes) -> Location | Nowhere:
        try:
            return self._session.directories.resolve(path)
        except (BadPathError, UnmappedPathError) as exc:
            return Nowhere(path.decode(errors="backslashreplace"), exc)

    async def _may_list(self, place: Mapped) -> None:
        """:raises AccessDeniedError: the user may not"""
        await self._require(Action.LIST, place.bucket, "", prefix=place.prefix, delimiter="/")

    async def _head(self, place: Mapped) -> ObjectInfo | None:
        try:
            return await self._storage.head(place.bucket, place.key) if place.key else None
        except ObjectNotFoundError:
            return None

    async def _has_keys(self, place: Mapped) -> bool:
        return await self._storage.has_keys(place.bucket, place.prefix)

    async def _is_known_folder(self, place: Mapped) -> bool:
        """Where the user may not list, nothing is looked for: the answer would tell what is there."""
        if place.is_root or self._is_mapped_file(place):
            return place.is_root
        try:
            await self._may_list(place)
        except AccessDeniedError:
            return False
        return await self._has_keys(place)

    async def _exists(self, place: Mapped, *, look_for_file: bool = True) -> bool:
        """As far as the user may know."""
        if look_for_file and await self._head(place) is not None:
            return True
        return await self._is_known_folder(place)

    async def _missing_or_folder(self, place: Mapped) -> SFTPError:
        if await self._is_known_folder(place):
            return SFTPFailure("Is a directory")
        return SFTPNoSuchFile("No such file or directory")

    @contextmanager
    def _reported(self, report: Callable[..., None], place: Location | Nowhere) -> Iterator[None]:
        """Translate errors for the client, and report the operation with its end.

        :param report: one of `SessionRecords`; it is called with the path, `started_at` and `error`
        """
        told = partial(report, real_path(place), started_at=clock.now())
        with _translated(lambda error: told(error=error)):
            yield
        told(error=None)

    @contextmanager
    def _errors_reported(self, operation: str, place: Location | Nowhere) -> Iterator[None]:
        """Translate errors for the client, and report them."""
        with _translated(lambda error: self._records.error(operation, real_path(place), error)):
            yield


@contextmanager
def _translated(on_error: Callable[[str], None]) -> Iterator[None]:
    try:
        yield
    except SFTPError as exc:
        on_error(exc.reason)
        raise
    except TRANSLATED as exc:
        on_error(str(exc))
        raise sftp_error(exc) from exc


async def _from_list(names: list[SFTPName]) -> AsyncIterator[SFTPName]:
    for name in names:
        yield name
