"""What is not a request: it is answered or cut off, and the endpoint goes on."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.exceptions import PortInUseError
from harness.transfer.api import Control
from harness.transfer.api.endpoint import Limits, TransferApi
from harness.transfer.store import TransferStore
from tests.integration.transfer.api.conftest import LIMITS, Endpoint

pytestmark = pytest.mark.integration

TARGET = "TransferService.ListServers"
_TIMEOUT_S = 30


@pytest.fixture(autouse=True)
def survives(endpoint: Endpoint) -> Iterator[None]:
    """After each test, an ordinary request is answered."""
    yield
    status, answer = ask(endpoint, "{}")
    assert status == 200
    assert "Servers" in answer


def ask(
    endpoint: Endpoint,
    body: str | bytes,
    *,
    target: str | None = TARGET,
    method: str = "POST",
    path: str = "/",
) -> tuple[int, dict[str, Any]]:
    """Send one request by hand; return status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=_TIMEOUT_S)
    headers = {"Content-Type": "application/x-amz-json-1.1", **({"X-Amz-Target": target} if target else {})}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        assert response.headers["Content-Type"].startswith("application/x-amz-json-1.1")
        assert response.headers["x-amzn-RequestId"]
        return response.status, json.loads(text or "{}")
    finally:
        connection.close()


def ended(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    connection.settimeout(_TIMEOUT_S)
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def connect(endpoint: Endpoint) -> socket.socket:
    return socket.create_connection(("127.0.0.1", endpoint.port), timeout=_TIMEOUT_S)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "nonsense",
        '{"Nonsense": NaN}',
        "[" * 200_000,
        '{"MaxResults": ' + "9" * 5000 + "}",
        b"\xff\xfe",
        "[]",
        "null",
        '"text"',
        '{"NextToken": 7}',
    ],
    ids=lambda body: str(body)[:12],
)
def test_a_body_that_is_no_request(endpoint: Endpoint, body: str | bytes) -> None:
    status, answer = ask(endpoint, body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_an_empty_body_is_an_empty_request(endpoint: Endpoint) -> None:
    assert ask(endpoint, "")[0] == 200


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"target": None}, 400),
        ({"target": "TransferService"}, 400),
        ({"target": "TransferService.MakeTea"}, 400),
        ({"target": "DynamoDB_20120810.ListTables"}, 400),
        ({"target": "TransferService.__class__"}, 400),
        ({"method": "GET"}, 404),
        ({"method": "PUT"}, 404),
        ({"method": "DELETE"}, 404),
        ({"path": "/somewhere"}, 404),
    ],
)
def test_an_operation_that_is_none(endpoint: Endpoint, how: dict[str, Any], status: int) -> None:
    answered, answer = ask(endpoint, "{}", **how)
    assert (answered, answer["__type"]) == (status, "UnknownOperationException")


def test_a_body_that_is_too_large(endpoint: Endpoint) -> None:
    status, answer = ask(endpoint, b" " * (LIMITS.body_bytes + 1))
    assert (status, answer["__type"]) == (413, "RequestEntityTooLargeException")


def test_a_body_that_never_ends(endpoint: Endpoint) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {TARGET}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with connect(endpoint) as connection:
        connection.sendall(head.encode())
        sent = 0
        try:
            while sent < 64 * len(chunk):
                sent += connection.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert b" 413 " in ended(connection)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST / HT",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ],
)
def test_a_client_that_does_not_say_what_it_wants_is_cut_off(endpoint: Endpoint, said: bytes) -> None:
    with connect(endpoint) as connection:
        connection.sendall(said)
        answer = ended(connection)
    assert b"200 OK" not in answer


def test_a_client_that_does_not_send_its_body_is_answered_and_cut_off(endpoint: Endpoint) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {TARGET}\r\nContent-Length: 100\r\n\r\n{{"
    with connect(endpoint) as connection:
        connection.sendall(head.encode())
        answer = ended(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_goes_in_the_middle_of_its_body(endpoint: Endpoint) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {TARGET}\r\nContent-Length: 100\r\n\r\n{{"
    with connect(endpoint) as connection:
        connection.sendall(head.encode())


def test_a_client_that_is_slow_with_its_second_request_is_cut_off(tmp_path: Path) -> None:
    request = (
        f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {TARGET}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    )

    async def answered_and_ended() -> bytes:
        with TransferStore(tmp_path / "transfer.sqlite", writable=True) as store:
            api = TransferApi(Control(store), Limits(header_timeout_s=_TIMEOUT_S, idle_timeout_s=0.2))
            reader, writer = await asyncio.open_connection("127.0.0.1", await api.serve())
            writer.write(request)
            answer = await reader.readuntil(b'{"Servers": []}')
            writer.write(request[:20])
            async with asyncio.timeout(_TIMEOUT_S):
                rest = await reader.read()
            writer.close()
            await api.close()
        assert answer.startswith(b"HTTP/1.1 200 ")
        return rest

    assert asyncio.run(answered_and_ended()) == b""


@pytest.mark.parametrize("origin", ["http://rebound.example", "http://127.0.0.1", "null", ""])
def test_web_pages_are_refused(endpoint: Endpoint, origin: str) -> None:
    """A page whose host name leads here may send every header, and read the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=_TIMEOUT_S)
    headers = {"Host": "rebound.example", "Origin": origin, "X-Amz-Target": TARGET}
    connection.request("POST", "/", "{}", headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert (response.status, answer["__type"]) == (403, "AccessDeniedException")
    assert "Access-Control-Allow-Origin" not in response.headers


def test_many_silent_clients_are_no_obstacle(endpoint: Endpoint) -> None:
    silent = [connect(endpoint) for _ in range(200)]
    try:
        assert ask(endpoint, "{}")[0] == 200
        assert [ended(each) for each in silent] == [b""] * 200
    finally:
        for each in silent:
            each.close()


def test_a_store_that_cannot_be_used_is_an_error_of_the_service(tmp_path: Path) -> None:
    async def listed() -> tuple[int, str]:
        store = TransferStore(tmp_path / "transfer.sqlite", writable=True)
        api = TransferApi(Control(store))
        port = await api.serve()
        store.close()
        request = aiohttp.request("POST", f"http://127.0.0.1:{port}/", headers={"X-Amz-Target": TARGET})
        async with request as response:
            answer = await response.json(content_type=None)
        await api.close()
        return response.status, answer["__type"]

    assert asyncio.run(listed()) == (500, "InternalServiceError")


def test_a_port_that_is_taken_is_told(endpoint: Endpoint) -> None:
    with pytest.raises(PortInUseError, match=f"127.0.0.1:{endpoint.port}"):
        asyncio.run(TransferApi(Control(endpoint.store)).serve(port=endpoint.port))
