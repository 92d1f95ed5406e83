"""The filesystem that pyftpdlib asks, for one session: each question is put to `S3Filesystem`.

Paths are those that the client sees. `S3Filesystem` resolves them once more, so nothing here decides what a
user may reach.
"""

from __future__ import annotations

import secrets
import stat
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from asyncssh import FXF_CREAT, FXF_EXCL, FXF_READ, FXF_TRUNC, FXF_WRITE, SFTPAttrs, SFTPError, SFTPName
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from harness.ftp.bridge import Bridge
from harness.ftp.files import TransferFile
from harness.sftp.filesystem import S3Filesystem

_T = TypeVar("_T")
_UPLOAD = FXF_WRITE | FXF_CREAT


class SessionFilesystem(AbstractedFS):
    """Raises `FilesystemError`, with the text for the client, and nothing else on purpose."""

    def __init__(self, s3: S3Filesystem, bridge: Bridge, control: Any) -> None:
        super().__init__("/", control)
        self._s3 = s3
        self._bridge = bridge
        self.cwd = bridge.call(lambda: s3.realpath(b".").decode())

    # Paths: `ftpnorm` of the base class resolves `.` and `..`, by text alone

    def ftp2fs(self, ftppath: str) -> str:
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        return fspath

    def validpath(self, path: str) -> bool:  # noqa: ARG002
        return True

    def realpath(self, path: str) -> str:
        return path

    # Files

    def open(self, filename: str, mode: str) -> TransferFile:
        return self._open(filename, FXF_READ if "r" in mode else _UPLOAD | FXF_TRUNC)

    def mkstemp(self, suffix: str = "", prefix: str = "", dir: str = "", mode: str = "wb") -> TransferFile:  # noqa: ARG002
        """STOU: a name that is not there yet."""
        name = f"{dir.rstrip('/')}/{prefix}{secrets.token_hex(8)}{suffix}"
        return self._open(name, _UPLOAD | FXF_EXCL)

    def _open(self, path: str, flags: int) -> TransferFile:
        file = self._ask(self._s3.open(path.encode(), flags, SFTPAttrs()))
        return TransferFile(self._bridge, file, path)

    def remove(self, path: str) -> None:
        self._ask(self._s3.remove(path.encode()))

    def rename(self, src: str, dst: str) -> None:
        self._ask(self._s3.rename(src.encode(), dst.encode()))

    def utime(self, path: str, timeval: float) -> None:
        """S3 keeps no times: refused, or ignored where `SetStatOption` says so."""

        async def setting() -> None:
            self._s3.setstat(path.encode(), SFTPAttrs(atime=int(timeval), mtime=int(timeval)))

        self._ask(setting())

    # Folders

    def chdir(self, path: str) -> None:
        if not stat.S_ISDIR(self.attributes(path).permissions or 0):
            raise FilesystemError("Not a directory")
        self.cwd = path

    def mkdir(self, path: str) -> None:
        self._ask(self._s3.mkdir(path.encode(), SFTPAttrs()))

    def rmdir(self, path: str) -> None:
        self._ask(self._s3.rmdir(path.encode()))

    def folder(self, path: str) -> AsyncIterator[SFTPName]:
        """Return what is in a folder; its first page has been fetched."""
        return self._ask(self._s3.opendir(path.encode()))

    def some_of(self, names: AsyncIterator[SFTPName], count: int) -> list[SFTPName]:
        """Return the next names, none at the end. An error of S3 is one here."""

        async def taking() -> list[SFTPName]:
            some: list[SFTPName] = []
            async for name in names:
                some.append(name)
                if len(some) == count:
                    break
            return some

        return self._ask(taking())

    # Attributes

    def attributes(self, path: str) -> SFTPAttrs:
        return self._ask(self._s3.stat(path.encode()))

    def lexists(self, path: str) -> bool:
        try:
            self.attributes(path)
        except FilesystemError:
            return False
        return True

    def isfile(self, path: str) -> bool:
        try:
            return stat.S_ISREG(self.attributes(path).permissions or 0)
        except FilesystemError:
            return False

    def getsize(self, path: str) -> int:
        return self.attributes(path).size or 0

    def getmtime(self, path: str) -> float:
        return float(self.attributes(path).mtime or 0)

    def _ask(self, question: Coroutine[Any, Any, _T]) -> _T:
        try:
            return self._bridge.run(question)
        except SFTPError as exc:
            raise FilesystemError(exc.reason) from exc
