"""paramiko against the front end: what OpenSSH's client cannot say."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from typing import Any

import paramiko
import pytest

from tests.integration.sftp.clients import paramiko_sftp, paramiko_transport
from tests.integration.sftp.front_end import FrontEnd

pytestmark = pytest.mark.integration


def test_round_trip_with_confirmation(front_end: FrontEnd) -> None:
    content = os.urandom(300_000)
    with paramiko_sftp(front_end) as client:
        with client.open("/p.bin", "wb") as file:
            file.set_pipelined(True)
            file.write(content)
        assert client.stat("/p.bin").st_size == len(content)
        with client.open("/p.bin", "rb") as file:
            assert file.read() == content


def test_reads_may_seek_anywhere(front_end: FrontEnd) -> None:
    content = os.urandom(5_000_000)
    with paramiko_sftp(front_end) as client:
        with client.open("seek", "wb") as file:
            file.set_pipelined(True)
            file.write(content)
        with client.open("seek", "rb") as file:
            for offset in (4_999_990, 0, 2_500_000, 2_097_151, 17):
                file.seek(offset)
                assert file.read(100) == content[offset : offset + 100]
            file.seek(5_000_001)
            assert file.read(10) == b""


def test_writes_slightly_out_of_order_are_put_in_order(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    with paramiko_sftp(front_end) as client:
        file = client.open("window", "wb")
        for offset, data in [(3, b"def"), (6, b"ghi"), (0, b"abc")]:
            file.seek(offset)
            file.write(data)
        file.close()
    assert s3.get_object(Bucket=bucket, Key="alice/window")["Body"].read() == b"abcdefghi"


@pytest.mark.parametrize(
    "writes",
    [
        pytest.param([(5, b"late")], id="a gap at the beginning"),
        pytest.param([(0, b"abc"), (1, b"X")], id="an overlap"),
        pytest.param([(0, b"abc"), (100_000_000, b"far")], id="far ahead"),
    ],
)
def test_random_writes_leave_no_object(
    front_end: FrontEnd, s3: Any, bucket: str, writes: list[tuple[int, bytes]]
) -> None:
    name = f"random-{len(writes)}-{writes[-1][0]}"
    with paramiko_sftp(front_end) as client:
        file = client.open(name, "wb")
        with contextlib.suppress(OSError):  # paramiko tells a failed write, but hides a failed close
            for offset, data in writes:
                file.seek(offset)
                file.write(data)
        file.close()
        with pytest.raises(FileNotFoundError):
            client.stat(name)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=f"alice/{name}")
    (line,) = [line for line in front_end.uploads("aborted") if line["key"] == f"alice/{name}"]
    assert "random access" in line["reason"]


@pytest.mark.parametrize("mode", ["a", "r+", "w+"])
def test_append_and_update_modes_are_unsupported(front_end: FrontEnd, mode: str) -> None:
    with paramiko_sftp(front_end) as client:
        with client.open("modes", "w") as file:
            file.write("before")
        with pytest.raises(OSError, match="random access writes"):
            client.open("modes", mode)
        with client.open("modes") as file:
            assert file.read() == b"before"


def test_exclusive_open_refuses_an_existing_file(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as client:
        client.open("exclusive", "wx").close()
        with pytest.raises(OSError, match="already exists"):
            client.open("exclusive", "wx")


def test_setstat_readlink_and_truncate_are_unsupported(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as client:
        client.open("attrs", "w").close()
        calls: list[Callable[[], object]] = [
            lambda: client.chmod("attrs", 0o600),
            lambda: client.utime("attrs", (1, 1)),
            lambda: client.truncate("attrs", 1),
            lambda: client.readlink("attrs"),
            lambda: client.symlink("attrs", "link"),
        ]
        for call in calls:
            with pytest.raises(OSError, match=r"not supported|no symbolic links"):
                call()


def test_posix_rename_is_not_there(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as client:
        client.open("posix", "w").close()
        with pytest.raises(OSError, match="Unsupported"):
            client.posix_rename("posix", "other")


def test_missing_things_are_file_not_found(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as client:
        for call in (client.stat, client.listdir, client.open, client.remove, client.rmdir):
            with pytest.raises(FileNotFoundError):
                call("never-there")


def test_a_folder_is_not_a_file(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as client:
        client.mkdir("folder")
        with pytest.raises(OSError, match="Is a directory"):
            client.remove("folder")
        with pytest.raises(FileNotFoundError):
            client.open("folder")
        with pytest.raises(OSError, match="Is a directory"):
            client.open("/", "w")


@pytest.mark.parametrize("name", [b"\xff\xfe", b"nul\0inside", b"x" * 1100])
def test_names_that_s3_cannot_hold_are_refused(front_end: FrontEnd, name: bytes) -> None:
    with paramiko_sftp(front_end) as client, pytest.raises(OSError, match=r"UTF-8|NUL|1024 bytes"):
        client.open(name, "w")


def test_control_characters_in_names_survive(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    name = "tab\there"
    with paramiko_sftp(front_end) as client:
        with client.open(name, "w") as file:
            file.write("1")
        assert name in client.listdir("/")
        with client.open(name) as file:
            assert file.read() == b"1"
        assert client.stat(name).st_size == 1
    assert s3.head_object(Bucket=bucket, Key=f"alice/{name}")["ContentLength"] == 1


def test_the_longest_key_arrives(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    name = "é" * ((1024 - len("alice/")) // 2)
    with paramiko_sftp(front_end) as client:
        client.open(name, "w").close()
    assert s3.head_object(Bucket=bucket, Key=f"alice/{name}")["ContentLength"] == 0


def test_keys_that_could_mislead_a_client_are_not_listed(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    for key in ("alice/trap/../up", "alice/trap//empty", "alice/trap/./dot", "alice/trap/good"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    with paramiko_sftp(front_end) as client:
        assert client.listdir("trap") == ["good"]


def test_the_number_of_open_files_is_bounded(make_front_end: Any) -> None:
    bounded = make_front_end(settings={"max_handles_per_session": 3})
    with paramiko_sftp(bounded) as client:
        files = [client.open(f"n{number}", "w") for number in range(3)]
        with pytest.raises(OSError, match="Too many open files"):
            client.open("n3", "w")
        files[0].close()
        client.open("n4", "w").close()


def test_no_extension_is_advertised(front_end: FrontEnd) -> None:
    with paramiko_transport(front_end) as transport:
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        channel.sendall(b"\x00\x00\x00\x05\x01\x00\x00\x00\x03")
        assert channel.recv(100) == b"\x00\x00\x00\x05\x02\x00\x00\x00\x03"
        assert transport.remote_version == "SSH-2.0-AWS_SFTP_1.1"


@pytest.mark.parametrize("request_name", ["shell", "command", "subsystem", "pty"])
def test_only_the_sftp_subsystem_can_be_started(front_end: FrontEnd, request_name: str) -> None:
    with paramiko_transport(front_end) as transport:
        channel = transport.open_session()
        with pytest.raises(paramiko.SSHException):
            {
                "shell": channel.invoke_shell,
                "command": lambda: channel.exec_command("id"),
                "subsystem": lambda: channel.invoke_subsystem("other"),
                "pty": channel.get_pty,
            }[request_name]()


def test_ports_are_not_forwarded(front_end: FrontEnd) -> None:
    with paramiko_transport(front_end) as transport, pytest.raises(paramiko.SSHException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1))


def test_two_sessions_at_once_do_not_mix(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    alice, bob = front_end.login("alice"), front_end.login("bob.smith")
    with paramiko_sftp(front_end, alice) as a, paramiko_sftp(front_end, bob) as b:
        first, second = a.open("same-name", "wb"), b.open("same-name", "wb")
        first.set_pipelined(True)
        second.set_pipelined(True)
        for _ in range(20):
            first.write(b"a" * 50_000)
            second.write(b"b" * 50_000)
        first.close()
        second.close()
    for user, letter in (("alice", b"a"), ("bob.smith", b"b")):
        body = s3.get_object(Bucket=bucket, Key=f"{user}/same-name")["Body"].read()
        assert body == letter * 1_000_000


def test_a_malformed_packet_ends_only_its_own_session(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as bystander, paramiko_transport(front_end) as transport:
        for garbage in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x00\x00\x00\x01\x03", os.urandom(4000)):
            channel = transport.open_session()
            channel.invoke_subsystem("sftp")
            channel.sendall(b"\x00\x00\x00\x05\x01\x00\x00\x00\x03")
            channel.sendall(garbage)
            channel.close()
        bystander.open("bystander", "w").close()
        assert bystander.stat("bystander").st_size == 0


def test_a_client_that_never_reads_its_answers_costs_no_memory(front_end: FrontEnd) -> None:
    with paramiko_sftp(front_end) as client:
        with client.open("unread", "wb") as file:
            file.set_pipelined(True)
            file.write(bytes(4_000_000))
        before = front_end.rss_bytes()
        with paramiko_transport(front_end) as transport:
            channel = transport.open_session(window_size=32_768)
            channel.invoke_subsystem("sftp")
            channel.sendall(_packet(1, 3))
            channel.sendall(_packet(3, 1, b"/unread", 1, 0))
            handle = 0
            for request in range(2, 1000):
                channel.sendall(_packet(5, request, handle.to_bytes(4, "big"), 0, 0, 1_000_000))
            for _ in range(20):
                assert client.stat("unread").st_size == 4_000_000
                assert front_end.rss_bytes() - before < 48 * 1024 * 1024


def _packet(kind: int, *fields: int | bytes) -> bytes:
    """An SFTP packet of 32-bit numbers and strings."""
    body = bytes([kind])
    for value in fields:
        body += struct.pack(">I", value) if isinstance(value, int) else struct.pack(">I", len(value)) + value
    return struct.pack(">I", len(body)) + body


def test_a_write_with_bytes_after_its_data_is_taken(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    """As rclone sends it: https://github.com/pkg/sftp pads a short write with the rest of its buffer."""
    with paramiko_sftp(front_end) as client:
        file = client.open("padded", "wb")
        request = (paramiko.sftp.CMD_WRITE, file.handle, paramiko.sftp.int64(0), "data", "padding")
        kind, answer = client._request(*request)
        file.close()
    assert kind == paramiko.sftp.CMD_STATUS
    assert answer.get_int() == paramiko.sftp.SFTP_OK
    assert s3.get_object(Bucket=bucket, Key="alice/padded")["Body"].read() == b"data"
