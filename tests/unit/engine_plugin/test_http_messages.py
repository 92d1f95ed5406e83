"""HTTP as the engine's threaded server reads and writes it."""

from __future__ import annotations

import io

import pytest
from floodgate_localstack.http_messages import (
    BadRequestError,
    Request,
    answer_pieces,
    environ_of,
    read_body,
    read_head,
)

pytestmark = pytest.mark.unit

CLIENT, SERVER = ("127.0.0.1", 5000), ("127.0.0.1", 4566)


def request(text: str) -> tuple[Request, io.BytesIO]:
    stream = io.BytesIO(text.encode("latin-1"))
    head = read_head(stream)
    assert head is not None
    return head, stream


def test_head_and_body_of_two_requests_on_one_connection() -> None:
    stream = io.BytesIO(
        b"PUT /b/k HTTP/1.1\r\nContent-Length: 3\r\nX-Amz-Meta-Name:  v \r\n\r\nabcGET /next HTTP/1.1\r\n\r\n"
    )
    first = read_head(stream)
    assert first is not None
    assert (first.method, first.target) == ("PUT", "/b/k")
    assert first.headers[1] == (b"X-Amz-Meta-Name", b"v")
    assert read_body(stream, first).read() == b"abc"
    second = read_head(stream)
    assert second is not None
    assert second.target == "/next"
    assert read_body(stream, second).read() == b""
    assert read_head(stream) is None


def test_chunked_body_is_put_together() -> None:
    head, stream = request(
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\nrest"
    )
    with read_body(stream, head) as body:
        assert body.read() == b"abcdefg"
    assert stream.read() == b"rest"


@pytest.mark.parametrize(
    "text", ["nonsense\r\n\r\n", "GET / SMTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n"]
)
def test_what_is_not_http_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        read_head(io.BytesIO(text.encode()))


def test_body_that_breaks_off_is_an_error_and_not_a_short_object() -> None:
    head, stream = request("PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
    with pytest.raises(ConnectionError):
        read_body(stream, head)


def test_environment_keeps_raw_path_and_raw_headers() -> None:
    head, stream = request(
        "GET /bucket/a%20b%2Fc%C3%A9?list-type=2 HTTP/1.1\r\nHost: h:1\r\nx-amz-a: 1\r\nX-Amz-A: 2\r\n"
        "Content-Type: text/plain\r\n\r\n"
    )
    environ = environ_of(head, read_body(stream, head), CLIENT, SERVER)
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/bucket/a b/cé"
    assert environ["RAW_URI"] == "/bucket/a%20b%2Fc%C3%A9?list-type=2"
    assert environ["QUERY_STRING"] == "list-type=2"
    assert environ["HTTP_X_AMZ_A"] == "1,2"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert (b"x-amz-a", b"1") in environ["rolo.headers"]


def test_environment_of_an_absolute_target() -> None:
    head, stream = request("GET http://sqs.localhost/q?A=1 HTTP/1.1\r\n\r\n")
    environ = environ_of(head, read_body(stream, head), CLIENT, SERVER)
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/q", "A=1")


def answer(method: str, status: str, headers: list[tuple[str, str]], body: list[bytes]) -> tuple[str, bytes]:
    head, _ = request(f"{method} / HTTP/1.1\r\n\r\n")
    whole = b"".join(answer_pieces(head, status, headers, body))
    text, _, content = whole.partition(b"\r\n\r\n")
    return text.decode(), content


def test_answer_with_a_length_goes_out_as_it_is() -> None:
    head, content = answer("GET", "200 OK", [("Content-Length", "4"), ("ETag", '"x"')], [b"ab", b"cd"])
    assert head.startswith('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: "x"')
    assert "chunked" not in head
    assert content == b"abcd"


def test_answer_without_a_length_goes_out_in_chunks() -> None:
    head, content = answer("GET", "200 OK", [], [b"ab", b"", b"cde"])
    assert "Transfer-Encoding: chunked" in head
    assert content == b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("DELETE", "204 No Content")])
def test_answer_without_a_body(method: str, status: str) -> None:
    head, content = answer(method, status, [("Content-Length", "5")], [b"hello"])
    assert "Content-Length: 5" in head
    assert content == b""


def test_connection_is_kept_or_closed_as_asked() -> None:
    assert request("GET / HTTP/1.1\r\n\r\n")[0].keeps_alive
    assert not request("GET / HTTP/1.0\r\n\r\n")[0].keeps_alive
    assert not request("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n")[0].keeps_alive
    assert request("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n")[0].expects_continue
