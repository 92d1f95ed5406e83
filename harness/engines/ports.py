"""TCP ports of this machine: a free one, and who has one that is not free."""

from __future__ import annotations

import socket

import psutil

from harness.exceptions import PortInUseError

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that the kernel says is free now. Another process may take it before we do."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` now; connections that are just ending do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def require_free(port: int) -> None:
    """Do nothing if `port` can be had.

    :raises PortInUseError: another process has it, named where this user may see it
    """
    if not is_free(port):
        raise PortInUseError(
            f"port {port} is taken{_by_whom(port)}",
            hint="end that process, or ask for another port; without a port Floodgate finds a free one",
        )


def _by_whom(port: int) -> str:
    try:
        listening = [c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN]
        pids = [c.pid for c in listening if c.pid and c.laddr and c.laddr.port == port]
        process = psutil.Process(pids[0])
        return f" by {process.name()} (process {process.pid})"
    except (psutil.Error, IndexError):
        return ""
