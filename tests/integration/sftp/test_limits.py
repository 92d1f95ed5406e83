"""Limits, timeouts and sizes as the wire shows them, row by row: the table is in `harness/sftp/README.md`."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.sftp import CMD_WRITE, SFTP_OK, int64

from harness.sftp.storage.base import ListPage, ObjectInfo
from tests.integration.sftp.clients import paramiko_sftp, paramiko_transport, sftp
from tests.integration.sftp.conftest import MakeInMemory
from tests.integration.sftp.front_end import FrontEnd, until
from tests.integration.sftp.in_memory import NO_ENGINE, InMemory
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.integration

MIB = 1024 * 1024


def test_many_requests_may_be_under_way(in_memory: InMemory) -> None:
    """64 and more: each gets its answer, in order."""
    with paramiko_sftp(in_memory) as client:
        file = client.open("many", "wb")
        numbers = [
            client._async_request(type(None), CMD_WRITE, file.handle, int64(at), bytes([at]) * 1)
            for at in range(200)
        ]
        answers = [client._read_response(number) for number in numbers]
        assert [answer[1].get_int() for answer in answers] == [SFTP_OK] * 200
        file.close()
    assert in_memory.storage.objects["alice/many"] == bytes(range(200))


def test_the_eleventh_channel_is_refused(in_memory: InMemory) -> None:
    with paramiko_transport(in_memory) as transport:
        clients = [paramiko.SFTPClient.from_transport(transport) for _ in range(10)]
        with pytest.raises(paramiko.ChannelException) as refused:
            transport.open_session()
        assert refused.value.code == 4  # resource shortage
        assert clients[0] is not None
        clients[0].close()
        assert clients[1] is not None
        assert clients[1].normalize(".") == "/"
        until("a place is free", lambda: _opens(transport))


def _opens(transport: paramiko.Transport) -> bool:
    try:
        transport.open_session().close()
    except paramiko.ChannelException:
        return False
    return True


def test_sessions_beyond_the_limit_are_rejected(make_in_memory: MakeInMemory, here: Path) -> None:
    server = make_in_memory(max_sessions=2)
    with paramiko_transport(server), paramiko_transport(server):
        assert "Too many sessions" in sftp(server, "pwd\n", cwd=here).stderr
        assert len(server.log_lines("CONNECTION_REJECTED")) == 1
    until("both have left", lambda: len(server.log_lines("DISCONNECTED")) == 2)
    assert sftp(server, "pwd\n", cwd=here).returncode == 0


def test_the_number_of_open_files_is_bounded(make_in_memory: MakeInMemory) -> None:
    server = make_in_memory(max_handles_per_session=3)
    with paramiko_sftp(server) as client:
        files = [client.open(f"n{number}", "w") for number in range(3)]
        with pytest.raises(OSError, match="Too many open files"):
            client.open("n3", "w")
        files[0].close()
        client.open("n4", "w").close()


def test_an_idle_session_ends(make_in_memory: MakeInMemory) -> None:
    """1,800 s on a clock of its own: `tests/unit/sftp/test_idle.py`."""
    server = make_in_memory(idle_timeout_s=0.3)
    with paramiko_sftp(server) as client:
        file = client.open("left-open", "w")
        until("it ended", lambda: server.log_lines("DISCONNECTED"))
        assert file is not None
    assert [line["message"] for line in server.log_lines("EXIT_REASON")] == ["Idle timeout"]
    until("what arrived is kept", lambda: server.uploads("partial"))


def test_a_client_that_answers_nothing_is_dropped(make_in_memory: MakeInMemory) -> None:
    """300 s in fact. A way to the server that swallows everything after the login."""
    server = make_in_memory(unresponsive_timeout_s=0.6)
    with paramiko_transport(server) as transport:
        transport.packetizer._Packetizer__socket = _Deaf(transport.sock)
        until("it was dropped", lambda: server.log_lines("DISCONNECTED"))
        (line,) = server.log_lines("EXIT_REASON")
        assert "not responding" in line["message"]


class _Deaf:
    """Hears what comes and sends nothing."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real

    def recv(self, count: int) -> bytes:
        return self._real.recv(count)

    def send(self, data: bytes) -> int:
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


# Folders


class EndlessFolder(MemoryStorage):
    """100,000 names, made page by page."""

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> Any:
        start = int(token or 0)
        end = min(start + limit, 100_000)
        found = [ObjectInfo(f"{prefix}file-{number:06}", 1, 0.0) for number in range(start, end)]
        return ListPage(found, [], str(end) if end < 100_000 else None)


def test_100_000_names_are_listed(make_in_memory: MakeInMemory) -> None:
    server = make_in_memory(storage=EndlessFolder())
    with paramiko_sftp(server) as client:
        started = time.monotonic()
        count = sum(1 for _ in client.listdir_iter(".", read_aheads=20))
        print(f"100,000 names in {time.monotonic() - started:.1f} s")
    assert count == 100_000


def test_folders_come_and_go(in_memory: InMemory, here: Path) -> None:
    """A folder without a marker is there as long as something is in it."""
    in_memory.storage.objects["alice/implied/deep/file"] = b"1"
    assert sftp(in_memory, "cd implied/deep\nrm file\n", cwd=here).returncode == 0
    gone = sftp(in_memory, "ls implied\n", cwd=here)
    assert "not found" in gone.stderr


# Memory


def test_memory_stays_while_a_large_file_arrives(tmp_path: Path) -> None:
    """The whole process, on storage that forgets. With 2 GiB it grew by 9 MiB, too."""
    server = FrontEnd(tmp_path / "server", NO_ENGINE, "bucket", module="benchmarks.sftp_sink_server")
    server.start()
    try:
        (tmp_path / "warm").write_bytes(bytes(20 * MIB))
        with (tmp_path / "large").open("wb") as file:
            file.truncate(300 * MIB)
        assert sftp(server, "put warm\n", cwd=tmp_path).returncode == 0
        before = server.rss_bytes()
        assert sftp(server, "put large\n", cwd=tmp_path).returncode == 0
        assert _peak_bytes(server) - before < 64 * MIB
        assert server.uploads("closed")[-1]["size_bytes"] == 300 * MIB
    finally:
        server.stop()


def _peak_bytes(server: FrontEnd) -> int:
    """The most that the process ever held."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
