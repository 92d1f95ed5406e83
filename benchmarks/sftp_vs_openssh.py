"""Our front end on a sink beside OpenSSH's sshd and internal-sftp on disk: same machine, same clients.

    python -m benchmarks.sftp_vs_openssh [--seconds 8] [--gib 1] [--workers 1 2] [--server-cores 0]
                                         [--client-cores 1-3] [--rows open per-file batch large idle listing]

| row | client | what |
|---|---|---|
| open | asyncssh, 2 processes with 4 sessions each | 4 KiB files per second on open sessions |
| per-file | the same | connect, upload 4 KiB, close, per second |
| batch | 8 of OpenSSH's `sftp -b` at once | 4 KiB files per second on open sessions; costs the client least |
| large | OpenSSH's `sftp` | MiB/s of one file up, and down |
| idle | asyncssh | memory of the server for each session that is open and does nothing |
| listing | asyncssh | a folder of 100,000 entries: seconds and the server's peak growth |

Rates move with whatever else the machine does; the ratio of two servers measured after one another, and the
CPU time for each file, move less. Both servers offer the algorithms of the security policy, and the clients
choose by their own order: OpenSSH's takes aes128-ctr with hmac-sha2-256-etm, asyncssh aes256-gcm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from benchmarks.sftp_servers import Server, openssh, ours
from tests.integration.sftp.front_end import clean_environment

MIB = 1024 * 1024
CLIENT_PROCESSES = 2
SESSIONS_PER_CLIENT = 4
BATCHES = 8
FILES_PER_BATCH = 400
IDLE_SESSIONS = 100
HUGE_FOLDER_KEYS = 100_000
SFTP_OPTIONS = (
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "LogLevel=ERROR",
)
ROWS = ("open", "per-file", "batch", "large", "idle", "listing")


@dataclass
class Bench:
    """What the rows share, and what they found."""

    folder: Path
    seconds: float
    gib: float
    client_cores: str
    found: list[tuple[str, str, str]] = field(default_factory=list)

    def say(self, row: str, server: Server, text: str) -> None:
        self.found.append((row, server.name, text))
        print(f"{row:9} {server.name:9} {text}", flush=True)

    def target(self, server: Server) -> str:
        """Where uploads go: a folder on disk for OpenSSH, a prefix for ours."""
        if server.name != "OpenSSH":
            return "up"
        target = self.folder / "up"
        target.mkdir(exist_ok=True)
        return str(target)

    def on_client_cores(self, command: list[str]) -> list[str]:
        return ["taskset", "-c", self.client_cores, *command]


def small_files(bench: Bench, server: Server, mode: str) -> None:
    command = [sys.executable, "-m", "benchmarks.sftp_client", mode, str(server.port), server.user]
    command += [str(server.key_file), str(bench.seconds), str(SESSIONS_PER_CLIENT), bench.target(server)]
    before = server.cpu_s()
    clients = [
        subprocess.Popen(bench.on_client_cores(command), stdout=subprocess.PIPE)
        for _ in range(CLIENT_PROCESSES)
    ]
    results = [json.loads(client.communicate(timeout=bench.seconds + 60)[0]) for client in clients]
    server.wait_idle()
    cpu_s = server.cpu_s() - before
    files, took_s = sum(r["files"] for r in results), max(r["took_s"] for r in results)
    client_ms = sum(r["cpu_s"] for r in results) / files * 1000
    bench.say(
        mode,
        server,
        f"{files / took_s:7.0f} files/s  server {cpu_s / files * 1000:5.2f} CPU ms/file, "
        f"busy {cpu_s / took_s:4.2f}  client {client_ms:5.2f} CPU ms/file",
    )


def batches(bench: Bench, server: Server) -> None:
    """Files go up one after the other, as `put` does it, from eight sessions."""
    (bench.folder / "small").write_bytes(b"x" * 4096)
    target = bench.target(server)
    before, started = server.cpu_s(), time.monotonic()
    running = []
    for number in range(BATCHES):
        names = "".join(f"put small {target}/{number}-{index}\n" for index in range(FILES_PER_BATCH))
        running.append(_start_sftp(bench, server, names))
    for process in running:
        assert process.wait(300) == 0
    took_s = time.monotonic() - started
    server.wait_idle()
    cpu_s, files = server.cpu_s() - before, BATCHES * FILES_PER_BATCH
    bench.say(
        "batch",
        server,
        f"{files / took_s:7.0f} files/s  server {cpu_s / files * 1000:5.2f} CPU ms/file, "
        f"busy {cpu_s / took_s:4.2f}",
    )


def large_file(bench: Bench, server: Server) -> None:
    with (bench.folder / "large").open("wb") as file:
        file.truncate(int(bench.gib * 1024 * MIB))
    target = f"{bench.target(server)}/large"
    for row, command in (("up", f"put large {target}\n"), ("down", f"get {target} back\n")):
        before, started = server.cpu_s(), time.monotonic()
        with peak_memory(server) as peak:
            assert _start_sftp(bench, server, command).wait(600) == 0
        took_s = time.monotonic() - started
        server.wait_idle()
        cpu_s = server.cpu_s() - before
        bench.say(
            f"large {row}",
            server,
            f"{bench.gib * 1024 / took_s:7.0f} MiB/s  server {cpu_s / bench.gib:5.2f} CPU s/GiB, "
            f"busy {cpu_s / took_s:4.2f}, memory +{peak.grown_mib:.0f} MiB",
        )


def _start_sftp(bench: Bench, server: Server, batch: str) -> subprocess.Popen[bytes]:
    options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "LogLevel=ERROR",
    ]
    flags = [text for option in options for text in ("-o", option)]
    command = [
        "sftp",
        "-b",
        "-",
        "-F",
        "/dev/null",
        "-i",
        str(server.key_file),
        "-P",
        str(server.port),
        *flags,
    ]
    process = subprocess.Popen(
        bench.on_client_cores([*command, f"{server.user}@127.0.0.1"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=bench.folder,
        env=clean_environment(),
    )
    assert process.stdin is not None
    process.stdin.write(batch.encode())
    process.stdin.close()
    return process


def idle_sessions(bench: Bench, server: Server) -> None:
    async def hold() -> float:
        async with _connected(server) as warm, warm.start_sftp_client():
            pass
        before = server.rss_bytes()
        async with AsyncExitStack() as stack:
            for _ in range(IDLE_SESSIONS):
                connection = await stack.enter_async_context(_connected(server))
                await stack.enter_async_context(connection.start_sftp_client())
            return (server.rss_bytes() - before) / IDLE_SESSIONS / 1024

    bench.say("idle", server, f"{asyncio.run(hold()):7.0f} KiB for each of {IDLE_SESSIONS} sessions")


def listing(bench: Bench, server: Server) -> None:
    folder = "huge"
    if server.name == "OpenSSH":
        folder = str(bench.folder / "huge")
        Path(folder).mkdir()
        for number in range(HUGE_FOLDER_KEYS):
            (Path(folder) / f"file-{number:06}").touch()

    async def walk() -> int:
        async with _connected(server) as connection, connection.start_sftp_client() as client:
            return len([name async for name in client.scandir(folder) if name.filename not in (".", "..")])

    before, started = server.cpu_s(), time.monotonic()
    with peak_memory(server) as peak:
        found = asyncio.run(walk())
    assert found == HUGE_FOLDER_KEYS
    took_s = time.monotonic() - started
    server.wait_idle()
    text = (
        f"{took_s:7.1f} s       server {server.cpu_s() - before:5.2f} CPU s, memory +{peak.grown_mib:.0f} MiB"
    )
    bench.say("listing", server, text)


class Peak(threading.Thread):
    """Samples the server's memory until it is told to stop."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self._server = server
        self._before = self._highest = server.rss_bytes()

    def run(self) -> None:
        while not self.done.wait(0.05):
            self._highest = max(self._highest, self._server.rss_bytes())

    @property
    def grown_mib(self) -> float:
        return (self._highest - self._before) / MIB


@contextmanager
def peak_memory(server: Server) -> Iterator[Peak]:
    peak = Peak(server)
    peak.start()
    yield peak
    peak.done.set()
    peak.join()


def _connected(server: Server) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    return asyncssh.connect(
        "127.0.0.1",
        server.port,
        username=server.user,
        client_keys=[str(server.key_file)],
        known_hosts=None,
        config=[],
        agent_path=None,
    )


def measure(bench: Bench, server: Server, rows: list[str]) -> None:
    todo: dict[str, Callable[[], None]] = {
        "idle": lambda: idle_sessions(bench, server),
        "open": lambda: small_files(bench, server, "open"),
        "per-file": lambda: small_files(bench, server, "per-file"),
        "batch": lambda: batches(bench, server),
        "large": lambda: large_file(bench, server),
        "listing": lambda: listing(bench, server),
    }
    for row, work in todo.items():
        one_session = row in ("large", "listing")  # more workers cannot help it
        if row in rows and not (one_session and len(server.processes) > 1):
            work()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--client-cores", default="1-3")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS))
    parser.add_argument("--skip-openssh", action="store_true")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores; servers on {arguments.server_cores}, clients on {arguments.client_cores}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder, arguments.seconds, arguments.gib, arguments.client_cores)
        servers = [ours(folder / f"ours-{n}", arguments.server_cores, n) for n in arguments.workers]
        if not arguments.skip_openssh:
            servers.insert(0, openssh(folder / "openssh", arguments.server_cores))
        for server in servers:
            with server as running:
                measure(bench, running, arguments.rows)


if __name__ == "__main__":
    main()
