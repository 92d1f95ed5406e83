"""TCP ports of this machine: a free one, and who has one that is not free."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from harness.engines import process
from harness.exceptions import PortInUseError
from harness.paths import stacks_dir

HOST = "127.0.0.1"
_ANSWER_TIMEOUT_S = 2.0


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


def answers(url: str) -> bool:
    """Tell whether anybody listens where a URL points to."""
    where = urlsplit(url)
    try:
        socket.create_connection(
            (where.hostname or HOST, where.port or 80), timeout=_ANSWER_TIMEOUT_S
        ).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Holder:
    """The process that listens on a port.

    :param owner_dir: the stack's folder that it works for, or one below; empty if it is none of ours
    """

    name: str
    pid: int
    owner_dir: str = ""

    def told(self) -> str:
        """Return the words that follow "is taken"."""
        whose = f" of the stack {self.stack!r}" if self.stack else ""
        return f" by {self.name} (process {self.pid}){whose}"

    @property
    def stack(self) -> str:
        """The name of the stack that it works for; empty if it is none of this user's."""
        owner = Path(self.owner_dir)
        return owner.relative_to(stacks_dir()).parts[0] if _is_below(owner, stacks_dir()) else ""


def holder(port: int) -> Holder | None:
    """Return who listens on a port; None where this user may not see it."""
    try:
        listening = [c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN]
        pids = [c.pid for c in listening if c.pid and c.laddr and c.laddr.port == port]
        found = psutil.Process(pids[0])
        return Holder(found.name(), found.pid, process.owner_of(found))
    except (psutil.Error, IndexError):
        return None


def require_free(port: int) -> None:
    """Do nothing if `port` can be had.

    :raises PortInUseError: another process has it, named where this user may see it
    """
    if not is_free(port):
        found = holder(port)
        raise PortInUseError(f"port {port} is taken{found.told() if found else ''}", hint=_hint(found))


def _hint(found: Holder | None) -> str:
    if found is not None and found.stack:
        way = f"floodgate down --name {found.stack}"
    elif found is not None and found.owner_dir and not Path(found.owner_dir).exists():
        way = "a crashed run left that process: floodgate doctor --fix ends it"
    else:
        way = "end that process"
    return f"{way}, or ask for another port; without a port Floodgate finds a free one"


def _is_below(path: Path, folder: Path) -> bool:
    return path != folder and path.is_relative_to(folder)
