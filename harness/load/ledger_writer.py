"""Writes the ledger: append-only, in whole lines, safe against a full disk.

Lines are taken from any thread at any time and only queued; `flush` brings them to the file. What has reached
the file is never touched again. The caller flushes at least every half a second. While it is open the file is
locked, so that nobody settles a run of which somebody still writes.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from harness.exceptions import DiskFullError, UsageError
from harness.load.ledger_format import LedgerLine

FLUSH_INTERVAL_S = 0.25
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Ledger(Protocol):
    """Where the lines go: to a file, or to the file of a master on another machine."""

    def write(self, line: LedgerLine) -> None:
        """Queue one line. Never blocks, never fails, may be called from any thread."""

    def flush(self) -> None:
        """Bring every queued line on its way; from one thread only."""

    def close(self) -> None:
        """Bring everything to its end and let go; nothing is written afterwards."""


class LedgerWriter:
    """One ledger file.

    :param path: must not exist: two runs in one ledger could not be told apart
    :raises UsageError: the file is there already
    :raises DiskFullError: the file cannot be created for want of room
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queued: deque[LedgerLine] = deque()
        self._unwritten = b""
        self._fd = self._open()

    def write(self, line: LedgerLine) -> None:
        """Queue one line. Never blocks, never fails, may be called from any thread."""
        self._queued.append(line)

    def flush(self) -> None:
        """Bring every queued line to the file; from one thread only.

        :raises DiskFullError: no room. The lines stay queued, and a later flush goes on where this one
            stopped, in the middle of a line if need be.
        """
        self.flush_bytes(b"".join(encode(self._queued.popleft()) for _ in range(len(self._queued))))

    def flush_bytes(self, lines: bytes) -> None:
        """Bring whole lines that were made elsewhere to the file; see `flush`."""
        self._unwritten += lines
        with self._room_needed():
            while self._unwritten:
                self._unwritten = self._unwritten[self._write_some(self._unwritten) :]

    def close(self) -> None:
        """Flush, bring the file to the disk, close it. Safe to call twice; raises `DiskFullError`."""
        if self._fd < 0:
            return
        try:
            self.flush()
            with self._room_needed():
                os.fsync(self._fd)
        finally:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> int:
        try:
            with self._room_needed():
                fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
                fcntl.flock(fd, fcntl.LOCK_EX)
                return fd
        except FileExistsError as exc:
            raise UsageError(
                f"there is a ledger already: {self.path}", hint="give every run a folder of its own"
            ) from exc

    def _write_some(self, data: bytes) -> int:
        """Write as much as goes in one call and return how much that was; raises `OSError`."""
        return os.write(self._fd, data)

    @contextmanager
    def _room_needed(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            if exc.errno not in _NO_ROOM:
                raise
            raise DiskFullError(
                f"no room to write the ledger {self.path}: {exc.strerror}",
                hint="free some space, or move the run's folder with --out",
            ) from exc


def encode(line: LedgerLine) -> bytes:
    """Return the line as it stands in the file."""
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
