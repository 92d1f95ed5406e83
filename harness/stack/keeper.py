"""The process that keeps a stack in its foreground, `floodgate up --stay`, as other processes see it.

It holds a lock in the stack's folder for as long as it lives, and ends when a part of the stack does. So
whoever sees the folder can tell whether the stack works, from another container, too, where process ids mean
other processes or none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness import locks

ROLE = "keeper"
_LOCK = "keeper.lock"
_NAMESPACE = "keeper.namespace"


def begin(folder: Path) -> None:
    """Keep the stack of a folder until this process ends. Raises `OSError`."""
    (folder / _NAMESPACE).write_text(_own_namespace())
    locks.hold_for_life(folder / _LOCK)


def has_keeper(folder: Path) -> bool:
    """Tell whether the stack was started to be kept, whatever has become of its keeper."""
    return (folder / _LOCK).exists()


def is_kept(folder: Path) -> bool:
    """Tell whether the keeper lives."""
    return locks.is_held(folder / _LOCK)


def is_from_elsewhere(folder: Path) -> bool:
    """Tell whether the process ids of the stack's records mean other processes here, or none."""
    try:
        return (folder / _NAMESPACE).read_text() != _own_namespace()
    except FileNotFoundError:
        return False


def watch(folder: Path) -> Callable[[], bool]:
    """Return what tells whether the keeper of the stack has gone, and most likely its folder, too."""
    kept = has_keeper(folder)
    return lambda: kept and not is_kept(folder)


def _own_namespace() -> str:
    """Return what names this process's own space of process ids; empty where there is only one.

    https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
    """
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
