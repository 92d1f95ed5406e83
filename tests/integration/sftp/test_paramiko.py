"""paramiko against the front end: what OpenSSH's client cannot say."""

from __future__ import annotations

import os
import struct
from typing import Any

import paramiko
import pytest

from tests.integration.sftp.clients import paramiko_sftp, paramiko_transport
from tests.integration.sftp.front_end import FrontEnd
from tests.integration.sftp.in_memory import InMemory

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


@pytest.mark.parametrize("request_name", ["shell", "command", "subsystem", "pty"])
def test_only_the_sftp_subsystem_can_be_started(in_memory: InMemory, request_name: str) -> None:
    with paramiko_transport(in_memory) as transport:
        channel = transport.open_session()
        with pytest.raises(paramiko.SSHException):
            {
                "shell": channel.invoke_shell,
                "command": lambda: channel.exec_command("id"),
                "subsystem": lambda: channel.invoke_subsystem("other"),
                "pty": channel.get_pty,
            }[request_name]()


def test_ports_are_not_forwarded(in_memory: InMemory) -> None:
    with paramiko_transport(in_memory) as transport, pytest.raises(paramiko.SSHException):
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


def test_a_malformed_packet_ends_only_its_own_session(in_memory: InMemory) -> None:
    with paramiko_sftp(in_memory) as bystander, paramiko_transport(in_memory) as transport:
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
