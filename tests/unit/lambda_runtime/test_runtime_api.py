"""Reading and answering the calls of the runtime."""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import cast

import pytest
from floodgate_localstack.lambda_runtime.runtime_api import Call, Connection, ProtocolError
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.unit

PATH = "/2018-06-01/runtime/invocation/id/response"


class WrittenSocket:
    """Hands out given chunks and keeps what is sent."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)
        self.sent = b""

    def recv(self, _size: int) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""

    def sendall(self, data: bytes) -> None:
        self.sent += data


def connection(fake: WrittenSocket, limit_bytes: int = 1000) -> Connection:
    return Connection(cast("socket.socket", fake), limit_bytes)


def calls(conn: Connection, reads: int) -> list[Call]:
    return [call for call in (conn.read() for _ in range(reads)) if call is not None]


def post(body: bytes, extra: str = "") -> bytes:
    return f"POST {PATH} HTTP/1.1\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


def test_call_without_body() -> None:
    head = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
    (call,) = calls(connection(WrittenSocket(head)), 1)
    assert (call.method, call.action, call.body) == ("GET", "invocation/next", b"")


@given(st.integers(0, 120), st.integers(0, 120))
def test_call_may_come_in_pieces(first: int, second: int) -> None:
    data = post(b'{"a": "\r\n\r\n"}', "X-Cause: y\r\n")
    a, b = sorted((min(first, len(data)), min(second, len(data))))
    chunks = [chunk for chunk in (data[:a], data[a:b], data[b:]) if chunk]
    (call,) = calls(connection(WrittenSocket(*chunks)), len(chunks))
    assert call.body == b'{"a": "\r\n\r\n"}'
    assert call.headers["x-cause"] == "y"


def test_next_call_on_the_same_connection() -> None:
    conn = connection(WrittenSocket(post(b"one"), post(b"three")))
    assert [call.body for call in calls(conn, 2)] == [b"one", b"three"]


def test_body_above_the_limit_is_counted_and_not_kept() -> None:
    body = b"x" * 2000
    (call,) = calls(connection(WrittenSocket(post(body)[:1500], post(body)[1500:])), 2)
    assert (call.body, call.body_bytes) == (b"", 2000)


def test_closed_connection_is_an_error() -> None:
    with pytest.raises(ConnectionError):
        connection(WrittenSocket()).read()


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"])
def test_other_protocols_are_refused(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        connection(WrittenSocket(head)).read()


def test_answer_always_has_a_content_type() -> None:
    fake = WrittenSocket()
    connection(fake).answer(HTTPStatus.OK, b"{}", {"Lambda-Runtime-Aws-Request-Id": "id"})
    head, body = fake.sent.split(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Content-Length: 2",
        b"Content-Type: application/json",
        b"Lambda-Runtime-Aws-Request-Id: id",
    ]
    assert body == b"{}"


def test_client_that_asks_first_is_told_to_go_on() -> None:
    fake = WrittenSocket(post(b"", "Expect: 100-continue\r\n"))
    connection(fake).read()
    assert fake.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
