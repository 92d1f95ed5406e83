"""What the wire shows of the server's rules, row by row: the table is in `harness/sftp/README.md`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_WRITE,
    SFTP_FAILURE,
    SFTP_OK,
    SFTP_OP_UNSUPPORTED,
    int64,
)

from tests.integration.sftp.clients import paramiko_sftp, paramiko_transport, sftp
from tests.integration.sftp.conftest import MakeInMemory
from tests.integration.sftp.front_end import SERVER_ID, FrontEnd, until
from tests.integration.sftp.in_memory import NO_ENGINE, InMemory
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
RANDOM_ACCESS = "AWS Transfer does not support random access writes to S3 objects."


# The protocol


def test_version_3_without_extensions(in_memory: InMemory) -> None:
    with paramiko_transport(in_memory) as transport:
        assert transport.remote_version == "SSH-2.0-AWS_SFTP_1.1"
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        channel.sendall(b"\x00\x00\x00\x05\x01\x00\x00\x00\x06")
        assert channel.recv(100) == b"\x00\x00\x00\x05\x02\x00\x00\x00\x03"


# paramiko has no types
class AllAnswers(paramiko.SFTPClient):  # type: ignore[misc]
    """Hands over what a status says, where paramiko would raise or forget it."""

    def _convert_status(self, msg: paramiko.Message) -> None:
        self.answers = [*getattr(self, "answers", []), (msg.get_int(), msg.get_text())]


@contextmanager
def all_answers(in_memory: InMemory) -> Iterator[AllAnswers]:
    with paramiko_transport(in_memory) as transport:
        client = AllAnswers.from_transport(transport)
        assert isinstance(client, AllAnswers)
        yield client


@pytest.mark.parametrize(
    "extension",
    ["posix-rename@openssh.com", "statvfs@openssh.com", "hardlink@openssh.com", "fsync@openssh.com", "x"],
)
def test_extended_requests_are_unsupported(in_memory: InMemory, extension: str) -> None:
    with all_answers(in_memory) as client:
        client._request(CMD_EXTENDED, extension, "/a", "/b")
        assert [status for status, _ in client.answers] == [SFTP_OP_UNSUPPORTED]


def test_the_banner_is_shown_before_the_login(make_in_memory: MakeInMemory) -> None:
    server = make_in_memory(pre_authentication_login_banner="Authorised users only.")
    with paramiko_transport(server) as transport:
        assert transport.get_banner() == b"Authorised users only."


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


# Writing and reading


def _write_all(in_memory: InMemory, name: str, writes: list[tuple[int, bytes]]) -> list[tuple[int, str]]:
    """Send them all at once, then close; return each answer."""
    with all_answers(in_memory) as client:
        file = client.open(name, "wb")
        numbers = [
            client._async_request(type(None), CMD_WRITE, file.handle, int64(offset), data)
            for offset, data in writes
        ]
        for number in numbers:
            client._read_response(number)
        client._request(CMD_CLOSE, file.handle)
        file._closed = True
        return client.answers


@pytest.mark.parametrize(("early", "taken"), [(1, True), (64, True), (65, False)])
def test_64_early_writes_are_held(in_memory: InMemory, early: int, taken: bool) -> None:
    name = f"early-{early}"
    writes = [(number, bytes([number])) for number in range(early, 0, -1)] + [(0, b"\0")]
    answers = _write_all(in_memory, name, writes)
    if taken:
        assert [status for status, _ in answers] == [SFTP_OK] * (early + 2)
        assert in_memory.storage.objects[f"alice/{name}"] == bytes(range(early + 1))
    else:
        assert RANDOM_ACCESS in {text for _, text in answers}
        assert f"alice/{name}" not in in_memory.storage.objects


@pytest.mark.parametrize("writes", [[(5, b"x")], [(0, b"abc"), (1, b"X")], [(0, b"a"), (10**9, b"b")]])
def test_random_writes_leave_no_object(in_memory: InMemory, writes: list[tuple[int, bytes]]) -> None:
    name = f"random-{writes[-1][0]}"
    answers = _write_all(in_memory, name, writes)
    assert answers[-1] == (SFTP_FAILURE, RANDOM_ACCESS)
    assert f"alice/{name}" not in in_memory.storage.objects
    assert any(
        line["operation"] in {"WRITE", "CLOSE"} and line["message"] == RANDOM_ACCESS
        for line in in_memory.log_lines("ERROR")
        if line["path"] == f"/bucket/alice/{name}"
    )


@pytest.mark.parametrize("mode", ["a", "r+", "w+"])
def test_append_and_update_are_unsupported(in_memory: InMemory, mode: str) -> None:
    in_memory.storage.objects["alice/modes"] = b"before"
    with paramiko_sftp(in_memory) as client, pytest.raises(OSError, match=RANDOM_ACCESS):
        client.open("modes", mode)
    assert in_memory.storage.objects["alice/modes"] == b"before"


def test_reads_seek_anywhere(in_memory: InMemory) -> None:
    content = os.urandom(5_000_000)
    in_memory.storage.objects["alice/seek"] = content
    with paramiko_sftp(in_memory) as client, client.open("seek", "rb") as file:
        for offset in (4_999_990, 0, 2_500_000, 2_097_151, 17):
            file.seek(offset)
            assert file.read(100) == content[offset : offset + 100]
        file.seek(5_000_001)
        assert file.read(10) == b""


def test_what_cannot_be_written_is_told_at_close(make_in_memory: MakeInMemory, here: Path) -> None:
    """As AWS does where the key of an encrypted bucket may not be used."""
    from tests.unit.sftp.test_handles import PutIsDenied

    server = make_in_memory(storage=PutIsDenied())
    (here / "f").write_text("1")
    result = sftp(server, "put f\n", cwd=here)
    assert "Permission denied" in result.stderr
    assert [line["operation"] for line in server.log_lines("ERROR")] == ["CLOSE"]


def test_objects_have_the_metadata_of_transfer(in_memory: InMemory, here: Path) -> None:
    (here / "f").write_text("1")
    assert sftp(in_memory, "put f meta\nmkdir metadir\n", cwd=here).returncode == 0
    for key in ("alice/meta", "alice/metadir/"):
        metadata = in_memory.storage.metadata[key]
        assert metadata == {"user-agent": "AWSTransfer", "user-agent-id": f"alice@{SERVER_ID}"}


# Attributes


def test_times_are_those_of_the_object(in_memory: InMemory) -> None:
    in_memory.storage.objects["alice/times"] = b"1"
    with paramiko_sftp(in_memory) as client:
        attributes = client.stat("times")
        (listed,) = [entry for entry in client.listdir_attr(".") if entry.filename == "times"]
    assert attributes.st_mtime == attributes.st_atime == listed.st_mtime == 0
    assert (attributes.st_size, attributes.st_uid, attributes.st_gid) == (1, 0, 0)


def test_setstat_as_a_no_op(make_in_memory: MakeInMemory, here: Path) -> None:
    server = make_in_memory(set_stat_option="ENABLE_NO_OP")
    (here / "f").write_text("1")
    result = sftp(server, "put -p f kept\nchmod 600 kept\nchown 1 kept\nchgrp 1 kept\n", cwd=here)
    assert result.returncode == 0, result.stderr
    with paramiko_sftp(server) as client:
        client.utime("kept", (1, 1))
        with pytest.raises(OSError, match="SETSTAT is not supported"):
            client.truncate("kept", 0)
    assert len(server.log_lines("SETSTAT")) == 6


# Names


def test_every_byte_in_a_name(in_memory: InMemory) -> None:
    """All but `/` (a separator), NUL, and bytes that are no UTF-8 by themselves."""
    objects = in_memory.storage.objects
    with paramiko_sftp(in_memory) as client:
        client.mkdir("bytes")
        for byte in range(256):
            name = b"bytes/x" + bytes([byte]) + b"y"
            if byte == 0 or byte >= 0x80:
                with pytest.raises(OSError, match=r"UTF-8|NUL"):
                    client.open(name, "w")
            elif byte != ord("/"):
                with client.open(name, "w") as file:
                    file.write("1")
                assert objects["alice/" + name.decode()] == b"1"
                assert client.stat(name).st_size == 1
        listed = client.listdir("bytes")
        assert sorted(listed) == sorted(f"x{chr(byte)}y" for byte in range(1, 128) if byte != ord("/"))
        for name in listed:
            client.rename(f"bytes/{name}", f"bytes/{name}2")
            client.remove(f"bytes/{name}2")
        client.rmdir("bytes")


@pytest.mark.parametrize(
    "name", ["…", "é", "e\u0301", "\u202ertl", "😀", "\ufeffbom", "%2e%2e", "..%2f", "\uff0e\uff0e"]
)
def test_names_outside_ascii_are_kept_as_they_are(in_memory: InMemory, name: str) -> None:
    with paramiko_sftp(in_memory) as client:
        client.open(name, "w").close()
        assert name in client.listdir(".")
        client.remove(name)


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_keys_end_at_1024_bytes(in_memory: InMemory, more: int, taken: bool) -> None:
    name = "é" * ((1024 - len("alice/")) // 2) + "x" * more
    assert len(f"alice/{name}".encode()) == 1024 + more
    with paramiko_sftp(in_memory) as client:
        if taken:
            client.open(name, "w").close()
        else:
            with pytest.raises(OSError, match="1024 bytes"):
                client.open(name, "w")


# Homes


def test_a_path_home_shows_the_bucket(make_in_memory: MakeInMemory, here: Path) -> None:
    server = make_in_memory(path_homes=True)
    (here / "f").write_text("1")
    result = sftp(server, "pwd\nput f\ncd ..\npwd\nls -1\ncd /\n-ls\n", cwd=here)
    assert "Remote working directory: /bucket/alice\n" in result.stdout
    assert "Remote working directory: /bucket\n" in result.stdout
    assert "alice" in result.stdout.splitlines()
    assert "Permission denied" in result.stderr
    assert server.storage.objects == {"alice/f": b"1"}


@pytest.fixture(scope="module")
def mapped(make_in_memory: MakeInMemory) -> InMemory:
    """alice sees `/in/inbox` and one shared file; there is nothing at `/`."""
    mappings = [
        {"Entry": "/in/inbox", "Target": "/bucket/alice/in"},
        {"Entry": "/in/prices.csv", "Target": "/bucket/shared/prices.csv", "Type": "FILE"},
    ]
    server = make_in_memory(mappings=mappings)
    server.storage.objects |= {"shared/prices.csv": b"1;2", "elsewhere": b"secret"}
    return server


def test_the_root_of_a_logical_home_is_read_only(mapped: InMemory, here: Path) -> None:
    (here / "f").write_text("1")
    result = sftp(mapped, "put f\n", cwd=here)
    assert 'open "/f": No such file or directory' in result.stderr or "No such file" in result.stderr
    assert sftp(mapped, "cd ../../..\npwd\nls -1 /in\nput f /in/inbox/f\n", cwd=here).returncode == 0
    for path in ("/../elsewhere", "/in/inbox/../../../elsewhere", "/in/../../elsewhere"):
        assert sftp(mapped, f"get {path} stolen\n", cwd=here).returncode != 0
    assert not (here / "stolen").exists()
    assert "alice/in/f" in mapped.storage.objects


def test_a_file_mapping_is_a_file(mapped: InMemory, here: Path) -> None:
    result = sftp(mapped, "ls -l /in\nget /in/prices.csv got\n-cd /in/prices.csv\n", cwd=here)
    assert (here / "got").read_bytes() == b"1;2"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("-rw")]
    assert line.endswith(" prices.csv")
    assert "not a directory" in result.stderr.lower()


# Limits


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
        from harness.sftp.storage.base import ListPage, ObjectInfo

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
