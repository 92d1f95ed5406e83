"""Where a web UI listens."""

from __future__ import annotations

import socket

from harness.exceptions import PortInUseError


def require_free(host: str, port: int) -> None:
    """Raise `PortInUseError` when nobody can listen there."""
    try:
        socket.create_server((host, port)).close()
    except OSError as exc:
        raise PortInUseError(
            f"the web UI cannot listen on {host}:{port}: {exc.strerror}", hint="choose another --web-port"
        ) from exc


def free_port(host: str) -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server((host, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def address(host: str, port: int) -> str:
    """Return the URL at which this machine reaches the UI."""
    here = "127.0.0.1" if host in ("", "*", "0.0.0.0") else host  # noqa: S104
    return f"http://{here}:{port}"
