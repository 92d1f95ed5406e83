"""A way to the server that breaks after a number of bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Cut:
    """Forwards one connection at a time; the client's side is cut after `after_bytes` more bytes, once
    `arm` was called.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._left: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def arm(self, after_bytes: int) -> None:
        self._left = after_bytes

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to_port))
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            self._forward(client, server)
            back.join(10)
            client.close()
            server.close()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """Client to server, until the cut."""
        with suppress(OSError):
            while data := client.recv(65536):
                if self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                server.sendall(data)
                if self._left is not None and self._left <= 0:
                    break
        self._left = None
        for end in (server, client):
            _shut(end)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_to(port: int) -> Iterator[Cut]:
    cut = Cut(port)
    try:
        yield cut
    finally:
        cut.close()
