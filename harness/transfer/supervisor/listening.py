"""The sockets of one server: bound once, held here, inherited by its workers.

With several workers, each has a socket of its own on the same port (SO_REUSEPORT): the kernel spreads
connections by their addresses, and so those of a burst, too. On one shared socket the worker that wakes first
takes all that wait: of 200 connections at once, the busiest of four workers had 90 to 123
(`benchmarks/transfer_accept.py`). Because this process holds the sockets as well, a connection that waits for
a worker that is replaced or has died is not lost: its successor takes it.
"""

from __future__ import annotations

import socket
import sys

from harness.exceptions import PortInUseError

BACKLOG = 512
"""Connections that may wait for a worker; Linux cuts it to net.core.somaxconn."""


class Listening:
    """One port.

    :param port: 0 takes a free one
    :param workers: how many processes are going to share it
    :raises PortInUseError: it is taken
    """

    def __init__(self, host: str, port: int, workers: int) -> None:
        self.host = host
        try:
            self._sockets = _bind(host, port, workers)
        except OSError as exc:
            raise PortInUseError(
                f"cannot listen on {host}:{port}: {exc}", hint="choose another port, or 0 for a free one"
            ) from exc
        self.port: int = self._sockets[0].getsockname()[1]

    def socket_of(self, number: int) -> socket.socket:
        """Return the socket that worker `number`, counted from 1, accepts on."""
        return self._sockets[(number - 1) % len(self._sockets)]

    def close(self) -> None:
        """Give the port up, as far as this process holds it. May be called twice."""
        for each in self._sockets:
            each.close()


def _bind(host: str, port: int, workers: int) -> list[socket.socket]:
    if workers == 1 or not _spreads():
        return [_listen(host, port, shared=False)]
    # SO_REUSEPORT lets any process of this user join in; without it shows whether somebody else has the port.
    probe = _listen(host, port, shared=False)
    port = probe.getsockname()[1]
    probe.close()
    return [_listen(host, port, shared=True) for _ in range(workers)]


def _spreads() -> bool:
    """Tell whether SO_REUSEPORT spreads connections; elsewhere the last socket that was bound gets all."""
    return sys.platform == "linux"


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made
