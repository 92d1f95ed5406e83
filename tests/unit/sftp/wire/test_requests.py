"""Requests are cut out of a channel's bytes, and no more of them wait than fit."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from asyncssh import SFTPBadMessage
from asyncssh.stream import SSHServerStreamSession
from hypothesis import given
from hypothesis import strategies as st

from harness.sftp.protocol import SftpChannel
from harness.sftp.wire.answers import MAX_GATHERED_BYTES, Answers
from harness.sftp.wire.requests import MAX_REQUEST_BYTES, MAX_WAITING_BYTES, RequestQueue

pytestmark = pytest.mark.unit


class Channel:
    """Notes whether its client may send."""

    def __init__(self) -> None:
        self.paused = False
        self.written: list[bytes] = []
        self.channel = self

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written.append(data)


def _packet(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def _feed(queue: RequestQueue, data: bytes, channel: Channel) -> None:
    queue.feed(data, cast(Any, channel))


async def _all(queue: RequestQueue) -> list[bytes]:
    taken = []
    try:
        while True:
            taken.append((await queue.take()).get_full_payload())
    except EOFError:
        return taken


@given(st.lists(st.binary(max_size=50), max_size=20), st.lists(st.integers(0, 400), max_size=6))
def test_however_the_bytes_come_the_requests_are_the_same(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(_packet, bodies))
    places = sorted(min(cut, len(stream)) for cut in cuts)

    async def go() -> list[bytes]:
        queue = RequestQueue()
        taking = asyncio.ensure_future(_all(queue))
        for start, end in zip([0, *places], [*places, len(stream)], strict=True):
            _feed(queue, stream[start:end], Channel())
            await asyncio.sleep(0)
        queue.end(None)
        return await taking

    assert asyncio.run(go()) == bodies


def test_too_much_at_once_stops_the_client_until_half_is_done() -> None:
    body = b"x" * 100_000

    async def go() -> list[bool]:
        queue, channel, paused = RequestQueue(), Channel(), []
        for _ in range(MAX_WAITING_BYTES // len(body) + 2):
            _feed(queue, _packet(body), channel)
        for _ in range(6):
            paused.append(channel.paused)
            await queue.take()
        return paused

    paused = asyncio.run(go())
    assert (paused[0], paused[-1]) == (True, False)


def test_a_request_that_is_too_long_is_refused_before_it_has_arrived() -> None:
    queue = RequestQueue()
    _feed(queue, (MAX_REQUEST_BYTES + 1).to_bytes(4, "big"), Channel())
    with pytest.raises(SFTPBadMessage):
        asyncio.run(queue.take())


def test_what_broke_the_connection_comes_after_what_had_arrived() -> None:
    async def go() -> None:
        queue = RequestQueue()
        _feed(queue, _packet(b"one") + b"\0\0", Channel())
        queue.end(ConnectionResetError("cut"))
        assert (await queue.take()).get_full_payload() == b"one"
        with pytest.raises(ConnectionResetError):
            await queue.take()

    asyncio.run(go())


def test_answers_that_are_ready_together_go_together() -> None:
    async def go() -> list[bytes]:
        channel = Channel()
        answers = Answers(cast(Any, channel))
        answers.add(b"a", b"b")
        answers.add(b"c")
        assert channel.written == []
        await asyncio.sleep(0)
        answers.add(b"d")
        await asyncio.sleep(0)
        return channel.written

    assert asyncio.run(go()) == [b"abc", b"d"]


def test_answers_do_not_gather_for_ever() -> None:
    async def go() -> None:
        channel = Channel()
        Answers(cast(Any, channel)).add(b"x" * MAX_GATHERED_BYTES)
        assert [len(data) for data in channel.written] == [MAX_GATHERED_BYTES]

    asyncio.run(go())


def test_signals_and_sizes_of_a_terminal_are_not_collected() -> None:
    channel = object.__new__(SftpChannel)
    SSHServerStreamSession.__init__(channel, None)
    for _ in range(100):
        channel.signal_received("INT")
        channel.break_received(1)
        channel.terminal_size_changed(80, 24, 0, 0)
    assert channel._recv_buf == {None: []}
