"""Deleting environments that nobody needs any more, so that old pins and plugins do not fill the disk."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import psutil

from harness.engines.base import Progress
from harness.environments.folders import MARKER, below_of, lock_of
from harness.locks import exclusive_if_free

UNUSED_AFTER_S = 14 * 24 * 3600
SUPERSEDED_AFTER_S = 3600
"""Of one that many others of its kind have been used after: time enough for a start that is under way."""
KEPT_OF_A_KIND = 5
"""Every change of the plugin makes an environment; so many are kept, for branches and other checkouts."""


def prune(environments: Path, *, keep: Path, progress: Progress) -> None:
    """Delete the environments that are superfluous, and the locks of those that are gone.

    :param keep: never deleted, nor what lies below it
    """
    delete(superfluous(environments, keep={keep}), progress)
    for lock in _locks_of_nothing(environments):
        _delete_lock_if_free(lock)


def delete(folders: Iterable[Path], progress: Progress) -> None:
    """Delete environments that nobody is making, or has asked for since they were found; what is another
    user's stays.
    """
    for folder in folders:
        with contextlib.suppress(OSError):
            _delete_if_free(folder, progress)


def superfluous(environments: Path, *, keep: set[Path]) -> list[Path]:
    """Return the environments that were last asked for long ago, or since then superseded by enough others.

    Spared are `keep`, those that a process runs on, and what lies below these.
    """
    if not environments.is_dir():
        return []
    idle_s = {folder: _idle_s(folder) for folder in _folders(environments)}
    old = {folder for folder, idle in idle_s.items() if idle > UNUSED_AFTER_S}
    old |= {folder for folder in _superseded(idle_s) if idle_s[folder] > SUPERSEDED_AFTER_S}
    return sorted(old - _with_below(keep) - in_use(environments)) if old else []


def _superseded(idle_s: dict[Path, float]) -> set[Path]:
    kinds: dict[str, list[Path]] = defaultdict(list)
    for folder in sorted(idle_s, key=idle_s.__getitem__):
        kinds[folder.name.rpartition("-")[0]].append(folder)
    return {folder for folders in kinds.values() for folder in folders[KEPT_OF_A_KIND:]}


def _delete_if_free(folder: Path, progress: Progress) -> None:
    with exclusive_if_free(lock_of(folder)) as held:
        # Deleting those before it has taken seconds, in which another process may have started with this one.
        if held and _idle_s(folder) > SUPERSEDED_AFTER_S:
            progress(f"deleting the unused environment {folder.name}")
            # First, so that one whose deletion is interrupted is not taken for whole.
            (folder / MARKER).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def _locks_of_nothing(environments: Path) -> list[Path]:
    """Return the locks of what is gone or, like images, not a folder here; some may be held."""
    return [lock for lock in environments.glob("*.lock") if not lock.with_suffix("").exists()]


def _delete_lock_if_free(lock: Path) -> None:
    with contextlib.suppress(OSError), exclusive_if_free(lock) as held:
        if held:
            lock.unlink(missing_ok=True)


def _idle_s(folder: Path) -> float:
    """Return how long ago the environment was last asked for, or touched at all where it is half-made."""
    for path in (folder / MARKER, folder):
        try:
            return time.time() - path.stat().st_mtime
        except FileNotFoundError:
            continue
    return 0.0  # another process has just deleted it


def _with_below(folders: set[Path]) -> set[Path]:
    return folders | {below for folder in folders if (below := below_of(folder))}


def in_use(environments: Path) -> set[Path]:
    """Return the environments that processes run on, with what lies below these."""
    programs = _programs_of_processes()
    folders = _folders(environments)
    return _with_below({each for each in folders if any(word.startswith(f"{each}/") for word in programs)})


def _folders(environments: Path) -> list[Path]:
    return [path for path in environments.iterdir() if path.is_dir()]


def _programs_of_processes() -> list[str]:
    """Return the first words of all command lines: in a virtual environment, the path of its Python."""
    lines = (process.info["cmdline"] for process in psutil.process_iter(["cmdline"]))
    return [line[0] for line in lines if line]
