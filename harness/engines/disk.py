"""Room on the disk of a state folder, and what the operating system says when there is none."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.exceptions import DiskFullError, EnvironmentNotReadyError

HINT = "free some room, or put the state on another disk with FLOODGATE_HOME"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_USABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
_AS_GOOD_AS_FULL_BYTES = 256 * 1024


def free_bytes(folder: Path) -> int:
    """Return the room on the disk of `folder`."""
    return shutil.disk_usage(folder).free


def is_full(folder: Path) -> bool:
    """Tell whether want of room may be why a process failed here: it could not even have logged that."""
    return folder.exists() and free_bytes(folder) < _AS_GOOD_AS_FULL_BYTES


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses in a state folder into our errors.

    :raises DiskFullError: there is no room
    :raises EnvironmentNotReadyError: it is no folder, or may not be written
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise DiskFullError(f"no room in the state folder {folder}: {exc}", hint=HINT) from exc
        if exc.errno in _NOT_USABLE:
            raise EnvironmentNotReadyError(
                f"the state folder {folder} cannot be used: {exc}",
                hint="FLOODGATE_HOME names another folder",
            ) from exc
        raise
