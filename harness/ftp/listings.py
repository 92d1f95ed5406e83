"""What LIST, NLST, MLSD and MLST send of a file or folder."""

from __future__ import annotations

import stat
import time
from collections.abc import AsyncIterator, Callable

from asyncssh import SFTPAttrs, SFTPName
from pyftpdlib.exceptions import FilesystemError

from harness.ftp.files import TransferFailedError
from harness.ftp.filesystem import SessionFilesystem

FACTS = ("type", "size", "modify", "perm")
_FILE_MAY, _FOLDER_MAY = "adfrw", "cdeflmp"
_NAMES_AT_ONCE = 200

ToLine = Callable[[SFTPName], str]


class Listing:
    """Gives pyftpdlib a folder piece by piece: neither it nor we ever hold all of it."""

    def __init__(self, fs: SessionFilesystem, names: AsyncIterator[SFTPName], to_line: ToLine) -> None:
        self._fs = fs
        self._names = names
        self._to_line = to_line

    def more(self) -> bytes:
        """Return the next lines, nothing at the end.

        :raises TransferFailedError: S3 refused: a listing that is not whole must not look whole
        """
        while True:
            try:
                names = self._fs.some_of(self._names, _NAMES_AT_ONCE)
            except FilesystemError as exc:
                raise TransferFailedError(str(exc)) from exc
            lines = [self._to_line(name) for name in names if _fits_a_line(name.filename)]
            if lines or not names:
                return "".join(f"{line}\r\n" for line in lines).encode()


async def only(name: SFTPName) -> AsyncIterator[SFTPName]:
    """The listing of a path that is a file."""
    yield name


def long_line(name: SFTPName) -> str:
    """As `ls -l`."""
    return _text(name.longname)


def plain_name(name: SFTPName) -> str:
    return _text(name.filename)


def facts_line(name: SFTPName, facts: list[str]) -> str:
    """RFC 3659, 7.2. `perm` tells what the kind of entry allows, not what the user's policies do: those are
    asked when something is done.
    """
    return f"{_facts(name.attrs, facts)} {_text(name.filename)}"


def _facts(attrs: SFTPAttrs, facts: list[str]) -> str:
    is_folder = stat.S_ISDIR(attrs.permissions or 0)
    values = {
        "type": "dir" if is_folder else "file",
        "size": str(attrs.size or 0),
        "modify": time.strftime("%Y%m%d%H%M%S", time.gmtime(attrs.mtime or 0)),
        "perm": _FOLDER_MAY if is_folder else _FILE_MAY,
    }
    return "".join(f"{fact}={values[fact]};" for fact in FACTS if fact in facts)


def _fits_a_line(name: bytes | str) -> bool:
    """A key may have line breaks in it; a name may not, or one key could pretend to be two files."""
    return not {"\r", "\n"} & set(_text(name))


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
