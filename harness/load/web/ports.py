"""Where a web UI listens."""

from __future__ import annotations

import errno
import socket

from harness.exceptions import PortInUseError, UsageError


def require_free(host: str, port: int) -> None:
    """Raise `PortInUseError` when the port is taken, and `UsageError` when the address is none of ours."""
    _listening(host, port).close()


def free_port(host: str) -> int:
    """Return a port that was free a moment ago; raises as above."""
    with _listening(host, 0) as server:
        port: int = server.getsockname()[1]
        return port


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as exc:
        why = f"the web UI cannot listen on {host}:{port}: {exc.strerror}"
        if isinstance(exc, socket.gaierror) or exc.errno == errno.EADDRNOTAVAIL:
            raise UsageError(why, hint="--web-host is an address of this machine") from exc
        raise PortInUseError(why, hint="choose another --web-port") from exc


def address(host: str, port: int) -> str:
    """Return the URL at which this machine reaches the UI."""
    here = "127.0.0.1" if host in ("", "*", "0.0.0.0") else host  # noqa: S104
    return f"http://{here}:{port}"
