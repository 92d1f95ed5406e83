"""How much of the machine we may have: cores, memory, processes, open files. A container's limits count."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from harness.doctor.finding import Finding, failed, ok, warning
from harness.doctor.host import cgroup

GIB = 1024**3
NEEDED_MEMORY_BYTES = 1 * GIB
"""Below this a stack does not come up reliably."""
GOOD_MEMORY_BYTES = 2 * GIB
"""A stack with its load holds about 1.3 GiB: the figures of the committed sample report."""
GOOD_CORES = 2.0
NEEDED_FILES = 1024
GOOD_FILES = 10_240
"""Transfer Family serves 10,000 sessions of a server at a time; each is one open file."""
NEEDED_PROCESSES = 512
GOOD_PROCESSES = 2048
"""Threads count as processes; a stack with sixteen functions has some hundreds."""

_CONTAINER = "the limit is of a container or service"


@dataclass(frozen=True)
class Size:
    """What this process may have. None: no limit, or not to be known."""

    cores: float
    memory_bytes: int
    memory_free_bytes: int
    memory_limited: bool
    """By a container, and not by the machine."""
    open_files: int
    processes_free: int | None


def measure(read: Callable[[], cgroup.Limits] = cgroup.read) -> Size:
    """Return the size: of machine and container, whichever is smaller."""
    limits, memory = read(), psutil.virtual_memory()
    total = min(memory.total, limits.memory_bytes or memory.total)
    free = memory.available
    if limits.memory_free_bytes is not None:
        free = min(free, limits.memory_free_bytes)
    return Size(
        cores=min(_cores(), limits.cpus or _cores()),
        memory_bytes=total,
        memory_free_bytes=free,
        memory_limited=total < memory.total,
        open_files=_hard(resource.RLIMIT_NOFILE) or GOOD_FILES,
        processes_free=_processes_free(limits),
    )


def cores(size: Callable[[], Size] = measure) -> Iterator[Finding]:
    """Look at the cores."""
    count = size().cores
    if count < GOOD_CORES:
        yield warning(
            "cpu.cores",
            f"{count:g} cores: engine, functions, SFTP server and load share them",
            fix="rates will be low, and latencies those of a busy machine: give it two cores or more",
            cores=count,
        )
    else:
        yield ok("cpu.cores", f"{count:g} cores", cores=count)


def memory(size: Callable[[], Size] = measure) -> Iterator[Finding]:
    """Look at the memory that is free."""
    found = size()
    where = f" ({_CONTAINER})" if found.memory_limited else ""
    free, total = found.memory_free_bytes / GIB, found.memory_bytes / GIB
    summary = f"{free:.1f} GiB of {total:.1f} GiB free{where}"
    details: dict[str, Any] = {"free_bytes": found.memory_free_bytes, "total_bytes": found.memory_bytes}
    fix = "a stack with its load holds about 1.3 GiB: end other programs, or raise the container's limit"
    if found.memory_free_bytes < NEEDED_MEMORY_BYTES:
        yield failed("memory.free", summary, fix=fix, **details)
    elif found.memory_free_bytes < GOOD_MEMORY_BYTES:
        yield warning("memory.free", summary, fix=fix, **details)
    else:
        yield ok("memory.free", summary, **details)


def open_files(size: Callable[[], Size] = measure) -> Iterator[Finding]:
    """Look at the hard limit of open files: our servers raise the soft one to it themselves."""
    limit = size().open_files
    fix = f"raise it: ulimit -Hn {GOOD_FILES}, or nofile in /etc/security/limits.conf, or docker run --ulimit"
    if limit < NEEDED_FILES:
        yield failed("limits.open-files", f"{limit} open files", fix=fix, limit=limit)
    elif limit < GOOD_FILES:
        summary = f"{limit} open files: the SFTP server holds fewer sessions than Transfer Family's 10,000"
        yield warning("limits.open-files", summary, fix=fix, limit=limit)
    else:
        yield ok("limits.open-files", f"{limit} open files", limit=limit)


def processes(size: Callable[[], Size] = measure) -> Iterator[Finding]:
    """Look at how many processes and threads may still be started."""
    free = size().processes_free
    fix = "raise it: ulimit -u, or pids_limit of the container, or TasksMax of the service"
    if free is None:
        yield ok("limits.processes", "no limit of processes", free=None)
    elif free < NEEDED_PROCESSES:
        yield failed("limits.processes", f"only {free} more processes may be started", fix=fix, free=free)
    elif free < GOOD_PROCESSES:
        yield warning("limits.processes", f"only {free} more processes may be started", fix=fix, free=free)
    else:
        yield ok("limits.processes", f"{free} more processes may be started", free=free)


def _cores() -> float:
    process = psutil.Process()
    return float(len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else psutil.cpu_count() or 1)


def _hard(limit: int) -> int | None:
    _, hard = resource.getrlimit(limit)
    return None if hard == resource.RLIM_INFINITY else hard


def _processes_free(limits: cgroup.Limits) -> int | None:
    """Return the room below both limits: of the user (which does not bind root), and of the container."""
    own = None if psutil.Process().uids().real == 0 else _hard(resource.RLIMIT_NPROC)
    room = [] if own is None else [max(0, own - _threads_of_user())]
    room += [] if limits.processes_free is None else [limits.processes_free]
    return min(room, default=None)


def _threads_of_user() -> int:
    mine = psutil.Process().uids().real
    found = psutil.process_iter(["uids", "num_threads"])
    return sum(
        each.info["num_threads"] or 1
        for each in found
        if each.info["uids"] and each.info["uids"].real == mine
    )
