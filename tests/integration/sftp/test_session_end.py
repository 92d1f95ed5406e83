"""Clients that leave in the middle of a request."""

from __future__ import annotations

import asyncio

import paramiko
import pytest
from paramiko.sftp import CMD_MKDIR

from tests.integration.sftp.clients import paramiko_transport
from tests.integration.sftp.conftest import MakeInMemory
from tests.integration.sftp.front_end import until
from tests.integration.sftp.in_memory import InMemory
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.integration


class ListingsAreSlow(MemoryStorage):
    """Answers only after the client has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = False
        self.may_answer = asyncio.Event()

    async def has_keys(self, bucket: str, prefix: str, *, besides: str | None = None) -> bool:
        self.asked = True
        await self.may_answer.wait()
        return await super().has_keys(bucket, prefix, besides=besides)


def test_the_request_under_way_is_logged_before_the_end_of_its_session(make_in_memory: MakeInMemory) -> None:
    storage = ListingsAreSlow()
    server = make_in_memory(storage=storage)
    with paramiko_transport(server) as transport:
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        client._async_request(type(None), CMD_MKDIR, b"/folder", paramiko.SFTPAttributes())
        until("the request is under way", lambda: storage.asked)
    until("the server knows", lambda: not _sessions(server))
    server._loop.call_soon_threadsafe(storage.may_answer.set)
    until("the session's last line is there", lambda: server.log_lines("DISCONNECTED"))
    assert [line["activity-type"] for line in server.lines][-2:] == ["MKDIR", "DISCONNECTED"]


def _sessions(server: InMemory) -> int:
    assert server._server is not None
    return len(server._server._connections)
