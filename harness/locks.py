"""Locks between processes of one machine, held on a file with `flock`.

The kernel drops the lock when the last process that holds it ends, so a lock never has to be broken by hand,
not even after `kill -9`. Whoever holds a lock may delete its file: a lock counts only on the file that its
path names.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_RETRY_S = 0.1
_held_for_life: list[IO[str]] = []


@contextmanager
def exclusive(path: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[IO[str]]:
    """Hold the lock `path`, waiting for it as long as another process has it.

    :param on_wait: called once when the lock is not free at once, to tell the user why nothing happens
    :return: the open lock file; a child process that inherits it keeps the lock until it ends, too
    """
    told = False
    while True:
        with _opened(path) as handle:
            if _try_lock(handle, path):
                yield handle
                return
        if not told and on_wait is not None:
            on_wait()
        told = True
        time.sleep(_RETRY_S)


@contextmanager
def exclusive_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock `path` if nobody else does; yields whether it is held."""
    with _opened(path) as handle:
        yield _try_lock(handle, path)


def hold_for_life(path: Path) -> None:
    """Take the lock `path`, which nobody else may hold, until this process ends. Raises `OSError`."""
    handle = _opened(path)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _held_for_life.append(handle)


def is_held(path: Path) -> bool:
    """Tell whether any process of this machine holds the lock, in a container or outside; asks read-only."""
    try:
        with path.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a")


def _try_lock(handle: IO[str], path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _is_still(handle, path)
    except BlockingIOError:
        return False


def _is_still(handle: IO[str], path: Path) -> bool:
    """Tell whether the open file is the one at `path`, and not one that was deleted while we waited."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False
