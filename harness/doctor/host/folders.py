"""The folders that Floodgate writes to: are they there, may they be written, is there room."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.doctor.finding import Finding, failed, ok, warning
from harness.locks import exclusive_if_free
from harness.paths import environments_dir, stacks_dir

MIB = 1024**2
_FEW_INODES = 20_000
"""An environment of LocalStack has about 25,000 files; those that are there count as well."""


@dataclass(frozen=True)
class Folder:
    """One of them.

    :param needed_bytes: below this nothing works
    :param good_bytes: what it takes over some days
    :param move: how the user puts it elsewhere
    """

    name: str
    title: str
    path: Path
    needed_bytes: int
    good_bytes: int
    move: str
    holds_programs: bool = False


def folders() -> list[Folder]:
    """Return all of them, where they are now."""
    move = "or put it elsewhere with FLOODGATE_HOME"
    return [
        Folder("cache", "engine environments", environments_dir(), 0, 2048 * MIB, move, holds_programs=True),
        Folder("state", "stacks", stacks_dir(), 512 * MIB, 2048 * MIB, move),
        Folder(
            "temporary", "temporary files", Path(tempfile.gettempdir()), 64 * MIB, 256 * MIB, "or set TMPDIR"
        ),
    ]


def look(find: Callable[[], list[Folder]] = folders) -> Iterator[Finding]:
    """Look at all of them."""
    for folder in find():
        yield _look_at(folder)


def _look_at(folder: Folder) -> Finding:
    name, place = f"disk.{folder.name}", nearest(folder.path)
    problem = _cannot_write(place) or (_cannot_lock(place) if folder.name == "state" else None)
    if problem:
        return failed(
            name,
            f"{folder.path} ({folder.title}) {problem}",
            fix=f"make {place} writable for you, {folder.move}",
            path=str(folder.path),
        )
    if folder.holds_programs and os.statvfs(place).f_flag & os.ST_NOEXEC:
        return failed(
            name,
            f"{folder.path} ({folder.title}) is on a disk that allows no programs (noexec)",
            fix="put it elsewhere with FLOODGATE_HOME",
            path=str(folder.path),
        )
    return _room(name, folder, place)


def _room(name: str, folder: Folder, place: Path) -> Finding:
    free, inodes = shutil.disk_usage(place).free, _free_inodes(place)
    summary = f"{folder.path} ({folder.title}): {_size(free)} free"
    fix = f"free some room, {folder.move}"
    details: dict[str, Any] = {"path": str(folder.path), "free_bytes": free, "free_inodes": inodes}
    if free < folder.needed_bytes:
        return failed(name, f"{summary}, needed are {_size(folder.needed_bytes)}", fix=fix, **details)
    if inodes is not None and inodes < _FEW_INODES:
        return warning(name, f"{summary}, but only for {inodes} more files", fix=fix, **details)
    if free < folder.good_bytes:
        return warning(name, f"{summary}; {_size(folder.good_bytes)} are good to have", fix=fix, **details)
    return ok(name, summary, **details)


def nearest(path: Path) -> Path:
    """Return the folder itself, or the nearest above it that exists: it will be made in there."""
    return next(each for each in (path, *path.parents) if each.exists())


def _cannot_write(place: Path) -> str | None:
    if not place.is_dir():
        return f"cannot be made: {place} is no folder"
    try:
        with tempfile.TemporaryFile(dir=place):
            return None
    except OSError as exc:
        return f"cannot be written: {exc.strerror}"


def _cannot_lock(place: Path) -> str | None:
    """Try a lock: some network disks have none, and then two commands could change one stack at once."""
    lock = place / f".floodgate-doctor-{os.getpid()}.lock"
    try:
        with exclusive_if_free(lock):
            return None
    except OSError as exc:
        return f"has no locks: {exc.strerror}"
    finally:
        lock.unlink(missing_ok=True)


def _free_inodes(place: Path) -> int | None:
    """Return how many files there is room for; None where the file system does not count them."""
    found = os.statvfs(place)
    return found.f_favail if found.f_files else None


def _size(count_bytes: int) -> str:
    return f"{count_bytes / 1024**3:.1f} GiB" if count_bytes >= 1024**3 else f"{count_bytes / MIB:.0f} MiB"
