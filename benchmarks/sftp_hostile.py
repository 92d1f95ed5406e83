"""Hostile clients in full numbers against the server in a process of its own (`make hostile`).

    python -m benchmarks.sftp_hostile [--half-open 10000] [--garbage 5000] [--never-read-gib 4]

Prints what each did to the server's memory and CPU, and how long a good client needed for connect + upload
meanwhile. Exit code 1 when a good client was kept out or memory grew by more than it may. Bounded versions
of the same are tests: `tests/integration/sftp/test_hostile.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import asyncssh

from benchmarks.sftp_servers import Server, ours
from tests.integration.sftp.front_end import Login, until
from tests.integration.sftp.hostile import (
    HUGE_WINDOW,
    OPEN,
    READ,
    WRITE,
    answer,
    by_hand,
    can_upload,
    connected,
    garbage,
    half_open,
    packet,
    recorded_start,
)

MIB = 1024 * 1024
MAX_GROWTH_MIB = 160
PIECE = 256 * 1024


class Victim:
    """The server as the hostile clients see it."""

    def __init__(self, server: Server) -> None:
        self.port = server.port
        self._server = server

    def login(self, name: str = "alice") -> Login:
        return Login(name, self._server.key_file)

    def rss_mib(self) -> float:
        return self._server.rss_bytes() / MIB

    def cpu_s(self) -> float:
        return self._server.cpu_s()


def good_client_s(victim: Victim) -> float:
    """Seconds for connect + login + upload + stat; the best of three."""
    took = []
    for _ in range(3):
        started = time.monotonic()
        can_upload(victim)
        took.append(time.monotonic() - started)
    return min(took)


def half_open_connections(victim: Victim, number: int, first: bytes) -> float:
    with half_open(victim, number, first):
        return good_client_s(victim)


def garbage_before_login(victim: Victim, number: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = recorded_start(victim, Path(folder))
    for data in itertools.islice(garbage(0, start), number):
        with connected(victim) as plain, suppress(OSError):
            plain.sendall(data)
    return good_client_s(victim)


def nobody_reads(victim: Victim, gib: float) -> float:
    """Ask for so much over a window of 2 GiB, and read nothing."""

    async def go() -> float:
        async with by_hand(victim, window=HUGE_WINDOW) as (connection, writer, reader):
            writer.write(packet(OPEN, 0, b"/big", 2 | 8 | 16, 0))
            handle = (await answer(reader))[9:]
            writer.write(packet(WRITE, 1, handle, 0, 0, bytes(200_000)))
            await answer(reader)
            writer.write(packet(4, 2, handle) + packet(OPEN, 3, b"/big", 1, 0))
            await answer(reader)
            handle = (await answer(reader))[9:]
            connection._transport.pause_reading()  # type: ignore[union-attr]
            for number in range(int(gib * 1024 * MIB / 200_000)):
                writer.write(packet(READ, number, handle, 0, 0, PIECE))
            took_s = await asyncio.to_thread(good_client_s, victim)
            connection.abort()
            return took_s

    return asyncio.run(go())


def report(victim: Victim, name: str, attack: Callable[[], float]) -> bool:
    rss_mib, cpu_s, started = victim.rss_mib(), victim.cpu_s(), time.monotonic()
    try:
        good_s: float | None = attack()
    except (OSError, asyncssh.Error, EOFError, AssertionError) as exc:
        print(f"{name}: {exc!r}")
        good_s = None
    grown_mib = victim.rss_mib() - rss_mib
    told = "KEPT OUT" if good_s is None else f"{good_s * 1000:5.0f} ms"
    print(
        f"{name:34} good client {told}   server +{grown_mib:5.1f} MiB, {victim.cpu_s() - cpu_s:5.1f} CPU s "
        f"in {time.monotonic() - started:5.1f} s",
        flush=True,
    )
    return good_s is not None and grown_mib < MAX_GROWTH_MIB


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half-open", type=int, default=10_000)
    parser.add_argument("--garbage", type=int, default=5000)
    parser.add_argument("--never-read-gib", type=float, default=4.0)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    number = arguments.half_open
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder) / "server", "0-3", 1) as server:
        victim = Victim(server)
        until("it serves", lambda: good_client_s(victim))
        attacks: dict[str, Callable[[], float]] = {
            "nobody": lambda: good_client_s(victim),
            f"{number:,} silent connections": lambda: half_open_connections(victim, number, b""),
            f"{number:,} that know the version": lambda: half_open_connections(
                victim, number, b"SSH-2.0-x\r\n"
            ),
            f"{arguments.garbage:,} with garbage": lambda: garbage_before_login(victim, arguments.garbage),
            f"{arguments.never_read_gib:g} GiB that nobody reads": lambda: nobody_reads(
                victim, arguments.never_read_gib
            ),
            "nobody again": lambda: good_client_s(victim),
        }
        held = [report(victim, name, attack) for name, attack in attacks.items()]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
