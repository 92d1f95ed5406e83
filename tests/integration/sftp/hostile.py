"""Clients that mean harm: plain sockets, and SFTP spoken by hand over asyncssh's transport."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

import asyncssh
import paramiko

from tests.integration.sftp.front_end import Login

READ, STAT, OPEN, INIT, WRITE = 5, 17, 3, 1, 6
HUGE_WINDOW = 0x7FFF_FFFF


class Running(Protocol):
    """A server, in this process or in its own."""

    port: int

    def login(self, name: str = "alice") -> Login: ...


def packet(kind: int, number: int, *fields: int | bytes) -> bytes:
    """An SFTP request; numbers are 32 bits, bytes are strings."""
    body = struct.pack(">BI", kind, number)
    for value in fields:
        body += struct.pack(">I", value) if isinstance(value, int) else struct.pack(">I", len(value)) + value
    return struct.pack(">I", len(body)) + body


def connected(server: Running) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


@contextmanager
def half_open(server: Running, number: int, first: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connections that say `first` and then nothing."""
    sockets: list[socket.socket] = []
    try:
        for _ in range(number):
            sockets.append(connected(server))
            if first:
                sockets[-1].sendall(first)
        yield sockets
    finally:
        for plain in sockets:
            plain.close()


def is_ended(plain: socket.socket, timeout_s: float) -> bool:
    """Tell whether the server ends the connection in time; what it says before is dropped."""
    plain.settimeout(timeout_s)
    try:
        while plain.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def drip(plain: socket.socket, data: bytes, pause: Callable[[], object]) -> int:
    """Send byte by byte until the server has enough of it; returns how many went."""
    for sent, byte in enumerate(data):
        try:
            plain.sendall(bytes((byte,)))
        except OSError:
            return sent
        pause()
    return len(data)


@asynccontextmanager
async def by_hand(
    server: Running, *, window: int = 2 * 1024 * 1024
) -> AsyncIterator[tuple[asyncssh.SSHClientConnection, asyncssh.SSHWriter[bytes], asyncssh.SSHReader[bytes]]]:
    """An SFTP channel after INIT and VERSION."""
    login = server.login()
    async with asyncssh.connect(
        "127.0.0.1",
        server.port,
        username=login.name,
        client_keys=[str(login.key_file)],
        known_hosts=None,
        config=[],
        agent_path=None,
    ) as connection:
        writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None, window=window)
        writer.write(struct.pack(">IBI", 5, INIT, 3))
        await answer(reader)
        yield connection, writer, reader


async def answer(reader: asyncssh.SSHReader[bytes]) -> bytes:
    """Return the next answer's type and rest.

    :raises asyncio.IncompleteReadError: the channel has ended
    """
    async with asyncio.timeout(10):
        length = int.from_bytes(await reader.readexactly(4), "big")
        return await reader.readexactly(length)


def can_upload(server: Running, name: str = "good") -> None:
    """A good client logs in and uploads.

    :raises Exception: it cannot
    """
    login = server.login()
    transport = paramiko.Transport(("127.0.0.1", server.port))
    try:
        transport.connect(
            username=login.name, pkey=paramiko.Ed25519Key.from_private_key_file(str(login.key_file))
        )
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        with client.open(name, "w") as file:
            file.write(b"good")
        assert client.stat(name).st_size == 4
    finally:
        transport.close()


def garbage(seed: int, recorded: bytes) -> Iterator[bytes]:
    """Yield what a client may send before the key exchange: noise, and a real start that was changed."""
    generator = random.Random(seed)
    while True:
        changed = bytearray(recorded)
        for _ in range(generator.randint(1, 12)):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        lie = generator.randrange(len(recorded))
        length = generator.choice((0, 1, 5, 0x7FFF_FFFF, 0xFFFF_FFFF, 262_144))
        yield bytes(changed)
        yield recorded[:lie] + struct.pack(">I", length) + recorded[lie + 4 :]
        yield generator.randbytes(generator.randrange(1, 3000))
        yield b"SSH-2.0-x\r\n" + generator.randbytes(generator.randrange(1, 3000))


def recorded_start(server: Running, folder: Path) -> bytes:
    """What OpenSSH's client sends up to its key exchange: the version line and KEXINIT."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = ["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-p", str(port)]
        command += ["-o", f"UserKnownHostsFile={folder / 'nobody'}", "x@127.0.0.1"]
        client = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            accepted, _ = listener.accept()
            with accepted, connected(server) as real:
                accepted.settimeout(10)
                accepted.sendall(real.recv(256))
                start = b""
                while start.count(b"\r\n") < 1 or len(start) < 500:
                    start += accepted.recv(65536)
                return start
        finally:
            client.kill()
            client.wait()
