"""Whether a worker of the same machine is still there: known at once, where a network only tells silence."""

from __future__ import annotations

from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


def pid_space() -> str:
    """Name what our process ids belong to: a kernel's boot and a namespace of it; empty where nobody says.

    A host's name would not do: containers that share it need not see each other's processes.
    """
    try:
        return f"{_BOOT_ID.read_text().strip()}:{_PID_NAMESPACE.stat().st_ino}"
    except OSError:
        return ""


def has_ended(pid: int) -> bool:
    """Tell whether a process of our own space is over, be it that nobody has asked for its exit code yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
