"""Locks between processes of one machine, held on a file with `flock`.

The kernel drops the lock when the last process that holds it ends, so a lock never has to be broken by hand,
not even after `kill -9`. The lock file itself stays: removing it would let two processes hold "the" lock.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_RETRY_S = 0.1


@contextmanager
def exclusive(path: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[IO[str]]:
    """Hold the lock `path`, waiting for it as long as another process has it.

    :param on_wait: called once when the lock is not free at once, to tell the user why nothing happens
    :return: the open lock file; a child process that inherits it keeps the lock until it ends, too
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        if not _try_lock(handle):
            if on_wait is not None:
                on_wait()
            while not _try_lock(handle):
                time.sleep(_RETRY_S)
        yield handle


@contextmanager
def exclusive_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock `path` if nobody else does; yields whether it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        yield _try_lock(handle)


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
