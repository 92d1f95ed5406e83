"""What a container, or a service manager, lets its processes have; in most places less than the machine has.

Both versions of control groups are read. A limit of any group above counts as well as the process's own.
https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NO_LIMIT_BYTES = 1 << 60
"""Version 1 says "no limit" with a number near 2^63, rounded down to pages."""


@dataclass(frozen=True)
class Limits:
    """None: no limit.

    :param memory_free_bytes: what of the memory limit is still to be had; files that the kernel keeps in
        memory count as free, because they make way
    :param cpus: how many cores' worth of time
    :param processes_free: processes and threads that may still be started
    """

    memory_bytes: int | None = None
    memory_free_bytes: int | None = None
    cpus: float | None = None
    processes: int | None = None
    processes_free: int | None = None


def read(root: Path = Path("/")) -> Limits:
    """Return the limits of this process; what cannot be read is no limit.

    :param root: where `/proc` and `/sys` are
    """
    memory = [room for folder in _groups(root, "memory") if (room := _memory(folder))]
    cpus = [quota for folder in _groups(root, "cpu") if (quota := _cpus(folder))]
    processes = [room for folder in _groups(root, "pids") if (room := _processes(folder))]
    return Limits(
        memory_bytes=min((limit for limit, _ in memory), default=None),
        memory_free_bytes=min((free for _, free in memory), default=None),
        cpus=min(cpus, default=None),
        processes=min((limit for limit, _ in processes), default=None),
        processes_free=min((free for _, free in processes), default=None),
    )


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's group and of all above it, of either version."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        mount = root / "sys/fs/cgroup"
        if controller in controllers.split(","):
            yield from _up_from(mount / controller, path)
        elif not controllers:
            yield from _up_from(mount, path)


def _up_from(mount: Path, path: str) -> Iterator[Path]:
    """Yield the group's folder and those above. In a container the path may be one of the host's."""
    folder = mount / path.lstrip("/")
    while folder != mount:
        if folder.is_dir():
            yield folder
        folder = folder.parent
    yield mount


def _memory(folder: Path) -> tuple[int, int] | None:
    limit = _first(folder, "memory.max", "memory.limit_in_bytes")
    if limit is None or limit >= _NO_LIMIT_BYTES:
        return None
    used = _first(folder, "memory.current", "memory.usage_in_bytes") or 0
    stat = _table(folder / "memory.stat")
    makes_way = stat.get("total_inactive_file", stat.get("inactive_file", 0))
    return limit, max(0, limit - max(0, used - makes_way))


def _cpus(folder: Path) -> float | None:
    words = _text(folder / "cpu.max").split()
    if len(words) > 1 and words[0] != "max":
        return int(words[0]) / int(words[1])
    quota, period = _first(folder, "cpu.cfs_quota_us"), _first(folder, "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _processes(folder: Path) -> tuple[int, int] | None:
    limit = _first(folder, "pids.max")
    return None if limit is None else (limit, max(0, limit - (_first(folder, "pids.current") or 0)))


def _first(folder: Path, *names: str) -> int | None:
    """Return the number in the first of these files that holds one; `max` is none."""
    for name in names:
        text = _text(folder / name).strip()
        if text.lstrip("-").isdecimal():
            return int(text)
    return None


def _table(path: Path) -> dict[str, int]:
    rows = (line.split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
