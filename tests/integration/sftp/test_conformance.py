"""What the wire shows of the server's rules, row by row: the table is in `harness/sftp/README.md`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from tests.integration.sftp.front_end import SERVER_ID
from tests.integration.sftp.in_memory import InMemory
from tests.unit.sftp.test_handles import PutIsDenied

pytestmark = pytest.mark.integration

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
