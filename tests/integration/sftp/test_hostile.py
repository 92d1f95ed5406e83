"""Hostile clients: each is refused or ended, costs little, and a good client works meanwhile.

The full numbers (10,000 half-open connections, gigabytes that nobody reads) are `make hostile`.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncssh
import psutil
import pytest

from tests.integration.sftp.front_end import until
from tests.integration.sftp.hostile import (
    HUGE_WINDOW,
    OPEN,
    READ,
    STAT,
    WRITE,
    answer,
    by_hand,
    can_upload,
    connected,
    drip,
    garbage,
    half_open,
    is_ended,
    packet,
    recorded_start,
)
from tests.integration.sftp.in_memory import InMemory

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
WAITING = 40
VERSION = b"SSH-2.0-x\r\n"
STATUS, HANDLE, DATA = 101, 102, 103
OK, FAILURE, READ_FLAG, WRITE_FLAGS = 0, 4, 1, 2 | 8 | 16


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InMemory]:
    folder = tmp_path_factory.mktemp("hostile")
    running = InMemory(
        folder,
        {"max_waiting_connections": WAITING, "login_timeout_s": 1.5, "max_handles_per_session": 8},
    ).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InMemory]:
    """Gives idle and unresponsive clients a second."""
    folder = tmp_path_factory.mktemp("impatient")
    running = InMemory(folder, {"idle_timeout_s": 1.0, "unresponsive_timeout_s": 1.0}).start()
    yield running
    running.stop()


def client_troubles_pass() -> suppress:
    """Only the server is looked at."""
    return suppress(OSError, asyncssh.Error, EOFError)


def _grown_mib(before: int) -> float:
    return (psutil.Process().memory_info().rss - before) / MIB


@pytest.mark.parametrize("first", [b"", VERSION])
def test_half_open_connections_push_each_other_out(server: InMemory, first: bytes) -> None:
    with half_open(server, 4 * WAITING, first) as sockets:
        can_upload(server)
        assert is_ended(sockets[0], 5)
        can_upload(server)


@pytest.mark.parametrize("stage", ["silent", "version", "key exchange"])
def test_who_is_slow_to_log_in_is_ended(server: InMemory, stage: str) -> None:
    sent = {"silent": b"", "version": b"SSH-2.0-", "key exchange": VERSION + b"\0\0\x04"}[stage]
    with connected(server) as plain:
        plain.sendall(sent)
        assert is_ended(plain, 10)


def test_bytes_that_drip_do_not_keep_a_connection(server: InMemory) -> None:
    with connected(server) as plain:
        sent = drip(plain, b"SSH-2.0-" + b"x" * 200, lambda: time.sleep(0.02))
        assert sent < 200


def test_bytes_of_a_request_that_drip_are_no_activity(impatient: InMemory) -> None:
    async def go() -> None:
        async with by_hand(impatient) as (connection, writer, _):
            for byte in itertools.cycle(b"\0"):
                if connection.is_closed():
                    return
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.05)

    with pytest.raises((OSError, asyncssh.Error)):
        asyncio.run(asyncio.wait_for(go(), 20))


def test_a_client_that_never_reads_fills_no_memory_and_is_dropped(impatient: InMemory) -> None:
    impatient.storage.objects["alice/big"] = bytes(2 * MIB)
    asks = 4000
    before = psutil.Process().memory_info().rss

    async def go() -> None:
        async with by_hand(impatient, window=HUGE_WINDOW) as (connection, writer, reader):
            writer.write(packet(OPEN, 1, b"/big", READ_FLAG, 0))
            handle = (await answer(reader))[9:]
            connection._transport.pause_reading()  # type: ignore[union-attr]
            for number in range(asks):
                writer.write(packet(READ, number, handle, 0, 0, 256 * 1024))
            await asyncio.to_thread(until, "the server drops it", lambda: not _sessions(impatient), 20)

    with client_troubles_pass():
        asyncio.run(go())
    assert _sessions(impatient) == 0
    assert _grown_mib(before) < 48, "1 GiB was asked for"
    can_upload(impatient)


def _sessions(server: InMemory) -> int:
    return server._server._services.open_sessions if server._server is not None else 0


def test_a_thousand_requests_under_way_are_answered_in_order(server: InMemory) -> None:
    async def go() -> list[int]:
        async with by_hand(server) as (_, writer, reader):
            writer.write(b"".join(packet(STAT, number, b"/nothing") for number in range(1000)))
            return [int.from_bytes((await answer(reader))[1:5], "big") for _ in range(1000)]

    assert asyncio.run(go()) == list(range(1000))


def test_handles_are_bounded_and_come_free(server: InMemory) -> None:
    async def go() -> list[int]:
        async with by_hand(server) as (_, writer, reader):
            for number in range(20):
                writer.write(packet(OPEN, number, b"/h%d" % number, WRITE_FLAGS, 0))
            return [(await answer(reader))[0] for _ in range(20)]

    assert asyncio.run(go()) == [HANDLE] * 8 + [STATUS] * 12
    can_upload(server)


@pytest.mark.parametrize("length", [0, 1, 300_000, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_request_of_an_impossible_length_ends_its_session_only(server: InMemory, length: int) -> None:
    async def go() -> bytes:
        async with by_hand(server) as (_, writer, reader):
            writer.write(struct.pack(">I", length) + b"x" * 100)
            async with asyncio.timeout(10):
                return await reader.read()

    assert asyncio.run(go()) == b""
    can_upload(server)


@pytest.mark.parametrize("length", [0, 1, 300_000, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_an_ssh_packet_of_an_impossible_length_ends_the_connection(server: InMemory, length: int) -> None:
    with connected(server) as plain:
        plain.sendall(VERSION + struct.pack(">I", length) + b"x" * 600)
        assert is_ended(plain, 10)


@pytest.mark.parametrize(
    "weak",
    [
        {"encryption_algs": ["aes128-cbc", "3des-cbc"]},
        {"encryption_algs": ["chacha20-poly1305@openssh.com"]},
        {"encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-sha1", "hmac-md5", "hmac-sha2-256"]},
        {"kex_algs": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"]},
        {"server_host_key_algs": ["ssh-rsa", "ssh-dss"]},
        {"compression_algs": ["zlib@openssh.com"]},
        {"compression_algs": ["zlib"]},
    ],
    ids=lambda weak: next(reversed(weak)) + " " + next(reversed(weak.values()))[0],
)
def test_weak_algorithms_find_no_match(server: InMemory, weak: dict[str, list[str]]) -> None:
    async def go() -> None:
        await asyncssh.connect(
            "127.0.0.1", server.port, username="alice", known_hosts=None, config=[], **weak
        )

    with pytest.raises((asyncssh.KeyExchangeFailed, asyncssh.DisconnectError)):
        asyncio.run(go())


def test_packets_cannot_be_dropped_from_the_key_exchange(server: InMemory) -> None:
    """Terrapin (CVE-2023-48795): strict key exchange is offered, and asyncssh holds to it."""
    with connected(server) as plain:
        plain.sendall(VERSION)
        plain.settimeout(10)
        said = b""
        while b"kex-strict-s-v00@openssh.com" not in said:
            data = plain.recv(65536)
            assert data, said
            said += data


def test_garbage_before_the_key_exchange(server: InMemory, tmp_path: Path) -> None:
    start = recorded_start(server, tmp_path)
    for data in itertools.islice(garbage(1, start), 200):
        with connected(server) as plain:
            plain.sendall(data)
    can_upload(server)
    until("nobody waits", lambda: server._server is not None and not len(server._server._services.admission))


def test_garbage_after_the_key_exchange_and_after_login(server: InMemory) -> None:
    """Every type of packet with a short body of noise."""

    async def go(kind: int) -> None:
        async with by_hand(server) as (connection, _, _reader):
            connection.send_packet(kind, bytes((kind, 0, 0, 1)) * (kind % 7))
            await asyncio.sleep(0)

    for kind in range(1, 256, 7):
        with client_troubles_pass():
            asyncio.run(asyncio.wait_for(go(kind), 10))
    can_upload(server)
    until("sessions ended", lambda: _sessions(server) == 0)


def test_steps_of_the_wall_clock_break_nothing(server: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    real, step_s = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + step_s[0])

    async def go() -> int:
        async with by_hand(server) as (_, writer, reader):
            writer.write(packet(OPEN, 1, b"/steps", WRITE_FLAGS, 0))
            handle = (await answer(reader))[9:]
            for number, step in enumerate((86_400.0, -86_400.0, 3_600.0, -1e9)):
                step_s[0] = step
                writer.write(packet(WRITE, number, handle, 0, number * 3, b"abc"))
                assert (await answer(reader))[5:9] == bytes(4)
            writer.write(packet(4, 9, handle))
            return int.from_bytes((await answer(reader))[5:9], "big")

    assert asyncio.run(go()) == OK
    assert server.storage.objects["alice/steps"] == b"abc" * 4
