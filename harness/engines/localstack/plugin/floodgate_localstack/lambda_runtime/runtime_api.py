"""The Lambda Runtime API for one environment, on a socket of 127.0.0.1.

Protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. There is no server thread: whoever
invokes the function reads and writes the sockets itself, because at any time one runtime talks to one caller.
Only what awslambdaric sends is understood: small heads, bodies with a Content-Length.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

VERSION_PATH = "/2018-06-01/runtime"
HEAD_LIMIT_BYTES = 2 * 1024 * 1024  # the error call carries an X-Ray cause of up to 1 MiB in a header
READ_BYTES = 256 * 1024
SEND_TIMEOUT_S = 30.0


class ProtocolError(Exception):
    """The peer sent something that is not the Runtime API."""


@dataclass(frozen=True)
class Call:
    """One complete request of the runtime; a body above the limit is counted but not kept."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    body_bytes: int

    @property
    def action(self) -> str:
        """The part of the path below the version, such as `invocation/next`."""
        return self.path.removeprefix(VERSION_PATH + "/")


@dataclass
class Connection:
    """One connection of the runtime, with what has been read of the next call."""

    sock: socket.socket
    body_limit_bytes: int
    _buffer: bytearray = field(default_factory=bytearray)
    _head: tuple[str, str, dict[str, str]] | None = None
    _body_bytes: int = 0
    _seen_bytes: int = 0

    def read(self) -> Call | None:
        """Read once; return the call when it is complete. Raises ConnectionError when the peer has closed."""
        data = self.sock.recv(READ_BYTES)
        if not data:
            raise ConnectionResetError("the runtime closed its connection")
        self._take(data)
        if self._head is None or self._seen_bytes < self._body_bytes:
            return None
        return self._finish()

    def answer(self, status: HTTPStatus, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send one response. Raises OSError when the runtime is gone."""
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(body)}"]
        # Without a Content-Type awslambdaric crashes with signal 11.
        lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def _take(self, data: bytes) -> None:
        if self._head is None:
            self._buffer += data
            self._split_head()
        else:
            self._keep(data)

    def _split_head(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_LIMIT_BYTES:
                raise ProtocolError("the head of a call is too long")
            return
        self._head = _parse_head(self._buffer[:end].decode("latin-1"))
        rest = bytes(self._buffer[end + 4 :])
        self._buffer.clear()
        headers = self._head[2]
        self._body_bytes = _content_length(headers)
        if headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._keep(rest)

    def _keep(self, data: bytes) -> None:
        self._seen_bytes += len(data)
        if self._body_bytes <= self.body_limit_bytes:
            self._buffer += data

    def _finish(self) -> Call:
        assert self._head is not None
        method, path, headers = self._head
        call = Call(method, path, headers, bytes(self._buffer[: self._body_bytes]), self._body_bytes)
        self._buffer.clear()
        self._head, self._body_bytes, self._seen_bytes = None, 0, 0
        return call


def listen(backlog: int = 8) -> socket.socket:
    """A listening socket on a free port of 127.0.0.1."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


def accept(listener: socket.socket, body_limit_bytes: int) -> Connection:
    """The connection that waits at `listener`; raises BlockingIOError where it has gone again."""
    sock, _ = listener.accept()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(SEND_TIMEOUT_S)
    return Connection(sock, body_limit_bytes)


def _parse_head(head: str) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3:
        raise ProtocolError(f"not a request line: {first[:80]!r}")
    fields = (line.partition(":") for line in lines)
    return parts[0], parts[1], {name.strip().lower(): value.strip() for name, _, value in fields}


def _content_length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not text.isdigit():
        raise ProtocolError(f"Content-Length is {text[:20]!r}")
    return int(text)
