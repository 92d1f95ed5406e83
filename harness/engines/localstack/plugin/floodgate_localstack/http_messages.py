"""HTTP/1.1 as far as AWS's clients speak it: requests from a stream to WSGI, WSGI's answers to bytes.

Imports nothing of LocalStack. Left out: pipelining beyond one request after the other, trailers, upgrades.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from typing import IO, Any, BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

MAX_LINE_BYTES = 64 * 1024
MAX_HEADERS = 200
_IN_MEMORY_BYTES = 16 * 1024 * 1024
_COPY_BYTES = 256 * 1024
_WITHOUT_BODY = frozenset({"204", "304"})
Headers = list[tuple[bytes, bytes]]


class BadRequestError(ValueError):
    """What came is no HTTP request."""


@dataclass(frozen=True)
class Request:
    """The head of a request; the names of headers as they came."""

    method: str
    target: str
    version: str
    headers: Headers

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header, by its name in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def keeps_alive(self) -> bool:
        connection = (self.header(b"connection") or b"").lower()
        return connection != b"close" and (self.version == "HTTP/1.1" or connection == b"keep-alive")

    @property
    def expects_continue(self) -> bool:
        return (self.header(b"expect") or b"").lower() == b"100-continue"


def read_head(stream: BinaryIO) -> Request | None:
    """Read the next request's head; None when the client has gone.

    :raises BadRequestError: it is not HTTP
    """
    line = stream.readline(MAX_LINE_BYTES)
    if not line:
        return None
    parts = line.split()
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        raise BadRequestError("not a request line")
    method, target, version = (part.decode("latin-1") for part in parts)
    return Request(method, target, version, _read_headers(stream))


def _read_headers(stream: BinaryIO) -> Headers:
    headers: Headers = []
    while (line := stream.readline(MAX_LINE_BYTES)) not in (b"\r\n", b"\n"):
        name, colon, value = line.partition(b":")
        if not colon or len(headers) >= MAX_HEADERS:
            raise BadRequestError("not a header line, or too many of them")
        headers.append((name, value.strip()))
    return headers


def read_body(stream: BinaryIO, request: Request) -> IO[bytes]:
    """Read the whole body, into memory or, where it is large, a file without a name."""
    if b"chunked" in (request.header(b"transfer-encoding") or b"").lower():
        body: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  (the caller's)
        while size := int(stream.readline(MAX_LINE_BYTES).partition(b";")[0], 16):
            _copy(stream, body, size)
            stream.readline(MAX_LINE_BYTES)
        while stream.readline(MAX_LINE_BYTES) not in (b"\r\n", b"\n", b""):
            pass
        body.seek(0)
        return body
    length = int(request.header(b"content-length") or 0)
    if length <= _IN_MEMORY_BYTES:
        content = stream.read(length) if length else b""
        if len(content) < length:
            raise ConnectionError("the client went away in the middle of a body")
        return io.BytesIO(content)
    body = tempfile.TemporaryFile()  # noqa: SIM115  (the caller's)
    _copy(stream, body, length)
    body.seek(0)
    return body


def _copy(source: BinaryIO, target: IO[bytes], size: int) -> None:
    while size:
        piece = source.read(min(size, _COPY_BYTES))
        if not piece:
            raise ConnectionError("the client went away in the middle of a body")
        target.write(piece)
        size -= len(piece)


def environ_of(
    request: Request, body: IO[bytes], client: tuple[str, int], server: tuple[str, int]
) -> dict[str, Any]:
    """Return the WSGI environment, with what rolo adds to it: the raw headers and the raw URI."""
    target = request.target
    if not target.startswith("/"):  # absolute form, as sent to proxies
        split = urlsplit(target)
        path, query = split.path or "/", split.query
    else:
        path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": request.version,
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "rolo.headers": request.headers,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        _add_header(environ, name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
    environ[key] = f"{environ[key]},{value}" if key in environ else value


def answer_pieces(
    request: Request, status: str, headers: list[tuple[str, str]], body: Iterable[bytes]
) -> Iterable[bytes]:
    """Yield an answer: its head with the first of the body, then the rest; without a length, in chunks."""
    names = {name.lower() for name, _ in headers}
    has_body = request.method != "HEAD" and status[:3] not in _WITHOUT_BODY
    in_chunks = has_body and "content-length" not in names and "transfer-encoding" not in names
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    if "date" not in names:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    if in_chunks:
        lines.append("Transfer-Encoding: chunked")
    if not request.keeps_alive:
        lines.append("Connection: close")
    pending = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    for piece in body if has_body else ():
        if piece:
            yield pending + (b"%x\r\n%s\r\n" % (len(piece), piece) if in_chunks else piece)
            pending = b""
    yield pending + (b"0\r\n\r\n" if in_chunks else b"")
