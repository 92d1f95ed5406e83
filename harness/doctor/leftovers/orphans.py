"""Processes that work for a stack which is no more.

They are known by the variable that every process of a stack inherits. A process whose stack still has its
folder is no orphan, whoever's stack it is: its own commands clear it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.doctor.finding import Finding, ok, warning
from harness.engines import process

_SHOWN = 5


@dataclass(frozen=True)
class Orphan:
    """A process of ours without a stack."""

    pid: int
    name: str
    owner_dir: Path
    """The folder that it works for, which is gone."""


def find() -> list[Orphan]:
    """Return all orphans that this user may end."""
    return [found for each in psutil.process_iter() if (found := _orphan(each)) is not None]


def look(search: Callable[[], Sequence[Orphan]] = find) -> Iterator[Finding]:
    """Look for them."""
    orphans = search()
    if not orphans:
        yield ok("leftovers.processes", "no process is left of a stack that is gone")
        return
    shown = ", ".join(f"{each.name} ({each.pid})" for each in orphans[:_SHOWN])
    more = f" and {len(orphans) - _SHOWN} more" if len(orphans) > _SHOWN else ""
    yield warning(
        "leftovers.processes",
        f"left of stacks whose folders are gone: {shown}{more}",
        fix="floodgate doctor --fix ends them",
        mendable=True,
        pids=[each.pid for each in orphans],
        folders=sorted({str(each.owner_dir) for each in orphans}),
    )


def _orphan(found: psutil.Process) -> Orphan | None:
    with contextlib.suppress(psutil.Error, OSError):
        owner = process.owner_of(found)
        if owner and found.pid != os.getpid() and _is_gone(Path(owner)) and _sees_our_files(found):
            return Orphan(found.pid, found.name(), Path(owner))
    return None


def _is_gone(owner: Path) -> bool:
    """Tell whether the stack is gone; while a folder above is a stack's, only a part of it is."""
    return not owner.exists() and not any((folder / "owner.json").exists() for folder in owner.parents)


def _sees_our_files(found: psutil.Process) -> bool:
    """Tell whether a process sees the same files as we do: one in a container has folders of its own."""
    return not psutil.LINUX or os.path.samestat(
        Path(f"/proc/{found.pid}/ns/mnt").stat(), Path("/proc/self/ns/mnt").stat()
    )
