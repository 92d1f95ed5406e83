"""A web server for LocalStack that answers each connection in a thread of its own.

LocalStack's server hands each request from Twisted's event loop to a thread and the answer back to the loop,
through some seventy calls, wake-ups and two changes of thread. The SDKs keep few connections open, so that a
thread for each is cheaper: a quarter of the engine's CPU for each file. Plain HTTP only, no websockets; bound
to the address that GATEWAY_LISTEN names and to no other.

Selected by `GATEWAY_SERVER=floodgate-threads`.
"""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any, BinaryIO, cast

from localstack import config
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from rolo.gateway.wsgi import WsgiGateway

from floodgate_localstack.http_messages import (
    BadRequestError,
    Request,
    answer_pieces,
    environ_of,
    read_body,
    read_head,
)

LOG = logging.getLogger(__name__)
_BACKLOG = 512
_READ_BUFFER_BYTES = 64 * 1024
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ThreadedServer(RuntimeServer):  # type: ignore[misc, unused-ignore]
    """Accepts in one thread for each address, answers in one for each connection."""

    def __init__(self) -> None:
        self._listeners: list[tuple[socket.socket, WsgiGateway]] = []
        self._stopped = threading.Event()

    def register(
        self,
        gateway: Any,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,  # noqa: ARG002  (part of the interface)
    ) -> None:
        """Listen on each address. Raises OSError where it is taken."""
        for address in listen:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            listener = socket.create_server((address.host, address.port), family=family, backlog=_BACKLOG)
            self._listeners.append((listener, WsgiGateway(gateway)))

    def run(self) -> None:
        """Serve until `shutdown`."""
        for listener, application in self._listeners:
            _in_thread(self._accept, listener, application)
        self._stopped.wait()

    def shutdown(self) -> None:
        """Accept nothing more. Answers that are being made end with the process."""
        self._stopped.set()
        for listener, _ in self._listeners:
            listener.close()

    def _accept(self, listener: socket.socket, application: WsgiGateway) -> None:
        while not self._stopped.is_set():
            try:
                connection, _address = listener.accept()
            except OSError:
                if self._stopped.is_set():
                    return
                LOG.exception("A connection could not be accepted")
                self._stopped.wait(0.1)
                continue
            _in_thread(_serve, connection, application)


def _in_thread(target: Any, *arguments: Any) -> None:
    threading.Thread(target=target, args=arguments, name="floodgate-http", daemon=True).start()


def _serve(connection: socket.socket, application: WsgiGateway) -> None:
    """Answer the requests of one connection until the client closes it."""
    with connection, cast(BinaryIO, connection.makefile("rb", buffering=_READ_BUFFER_BYTES)) as stream:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (request := read_head(stream)) is not None:
                if request.expects_continue:
                    connection.sendall(_CONTINUE)
                with read_body(stream, request) as body:
                    _answer(connection, request, body, application)
                if not request.keeps_alive:
                    return
        except BadRequestError:
            connection.sendall(_BAD_REQUEST)
        except ConnectionError:
            return  # the client has gone; there is nobody to tell


def _answer(connection: socket.socket, request: Request, body: Any, application: WsgiGateway) -> None:
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        head[:] = [status, headers]
        return connection.sendall

    environ = environ_of(request, body, connection.getpeername(), connection.getsockname())
    content = application(environ, start_response)
    try:
        for piece in answer_pieces(request, head[0], head[1], content):
            connection.sendall(piece)
    finally:
        close = getattr(content, "close", None)
        if close is not None:
            close()


class ThreadedServerPlugin(RuntimeServerPlugin):  # type: ignore[misc, unused-ignore]
    """Makes the server known as `floodgate-threads`."""

    name = "floodgate-threads"

    def load(self, *_args: Any, **_kwargs: Any) -> RuntimeServer:
        """Return the server."""
        return ThreadedServer()
