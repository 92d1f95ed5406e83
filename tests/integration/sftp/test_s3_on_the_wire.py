"""What a broken S3 does to its clients, on the wire: each call ends in time, with our error, and is repeated
only where that cannot write twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config

from harness.engines.base import EngineInfo
from harness.sftp.storage import boto3_client, obstore_client
from harness.sftp.storage.base import StorageBusyError
from harness.sftp.storage.s3 import S3Storage

pytestmark = pytest.mark.integration

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
INTERNAL = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
KEYS = {"obstore": "plain", "boto3": "odd\t"}
FEW_TIMES = (3, 4)
"""Our own retries, and botocore's."""
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def _say(writer: asyncio.StreamWriter, status: str, body: bytes = b"", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def throttles(writer: asyncio.StreamWriter) -> None:
    await _say(writer, "503 Slow Down", SLOW_DOWN)


async def fails(writer: asyncio.StreamWriter) -> None:
    await _say(writer, "500 Internal Server Error", INTERNAL)


async def stores(writer: asyncio.StreamWriter) -> None:
    await _say(writer, "200 OK", headers='ETag: "e"\r\nx-amz-version-id: v1\r\n')


async def never_answers(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def resets(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


class BrokenS3:
    """Answers the first requests one way, and all that follow in the last way."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                if "expect: 100-continue" in head:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                length = head.partition("content-length: ")[2].partition("\r\n")[0]
                await reader.readexactly(int(length or 0))
                self.requests += 1
                await self._answers[min(self.requests, len(self._answers)) - 1](writer)
        except (EOFError, OSError, asyncio.CancelledError):
            writer.close()

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstore_client, "_CALL_TIMEOUT", timedelta(seconds=0.5))
    monkeypatch.setattr(obstore_client, "_RETRY_DELAYS_S", (0.01, 0.01))
    monkeypatch.setattr(
        boto3_client,
        "_CONFIG",
        boto3_client._CONFIG.merge(Config(read_timeout=0.5, retries={"mode": "standard", "max_attempts": 3})),
    )


def _with(s3: BrokenS3, use: Callable[[S3Storage], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        server = await asyncio.start_server(s3.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        storage = S3Storage(EngineInfo("fake", "none", "0", f"http://127.0.0.1:{port}"))
        try:
            async with asyncio.timeout(30):
                return await use(storage)
        finally:
            await storage.close()
            server.close()
            await s3.close()

    return asyncio.run(go())


@pytest.mark.parametrize("client", KEYS)
def test_a_put_that_was_throttled_is_repeated(client: str) -> None:
    s3 = BrokenS3(throttles, stores)
    stored = _with(s3, lambda storage: storage.put("bucket", KEYS[client], b"x", {}))
    assert (stored.version_id, s3.requests) == ("v1", 2)


@pytest.mark.parametrize("client", KEYS)
@pytest.mark.parametrize("answer", [throttles, fails], ids=lambda answer: answer.__name__)
def test_a_put_that_is_always_refused_fails_after_a_few_times(client: str, answer: Answer) -> None:
    s3 = BrokenS3(answer)
    with pytest.raises(StorageBusyError) as info:
        _with(s3, lambda storage: storage.put("bucket", KEYS[client], b"x", {}))
    assert info.value.code in ("SlowDown", "InternalError")
    assert s3.requests in FEW_TIMES


@pytest.mark.parametrize("answer", [never_answers, resets], ids=lambda a: a.__name__)
def test_a_put_whose_end_nobody_knows_is_not_repeated(answer: Answer) -> None:
    """It may have made a version."""
    s3 = BrokenS3(answer)
    with pytest.raises(StorageBusyError):
        _with(s3, lambda storage: storage.put("bucket", "plain", b"x", {}))
    assert s3.requests == 1


@pytest.mark.parametrize("answer", [never_answers, resets], ids=lambda a: a.__name__)
def test_parts_may_be_sent_again_and_end_in_an_error(answer: Answer) -> None:
    s3 = BrokenS3(answer)
    with pytest.raises(StorageBusyError):
        _with(s3, lambda storage: storage.put_part("bucket", "key", "upload", 1, b"x" * 1000))
    assert s3.requests in FEW_TIMES


def test_a_part_that_is_reset_once_goes_through() -> None:
    s3 = BrokenS3(resets, stores)
    part = _with(s3, lambda storage: storage.put_part("bucket", "key", "upload", 1, b"x" * 1000))
    assert (part.number, s3.requests) == (1, 2)
