"""Who gets in, and what the log says about those who do not."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import asyncssh
import paramiko
import pytest

from tests.integration.sftp.clients import paramiko_transport, sftp
from tests.integration.sftp.conftest import MakeFrontEnd
from tests.integration.sftp.front_end import SERVER_ID, FrontEnd, Login, until, write_key

pytestmark = pytest.mark.integration

ARN = f"arn:aws:transfer:us-east-1:000000000000:server/{SERVER_ID}"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    key_file = tmp_path / "stranger.key"
    write_key(key_file)
    return key_file


@pytest.mark.parametrize("name", ["alice", "nobody", "root", "al", "../alice", "bob.smith", "alice\u00e9"])
def test_a_wrong_key_is_refused_for_everyone_alike(
    front_end: FrontEnd, here: Path, stranger: Path, name: str
) -> None:
    result = sftp(front_end, "ls\n", cwd=here, login=Login(name, stranger))
    assert result.returncode == 255
    assert "Permission denied (publickey)" in result.stderr
    fingerprint = asyncssh.read_private_key(stranger).get_fingerprint()
    (line,) = until(
        "AUTH_FAILURE", lambda: [x for x in front_end.log_lines() if fingerprint in x.get("message", "")]
    )
    assert {name: value for name, value in line.items() if name != "at"} == {
        "stream": "ERRORS",
        "method": "publickey",
        "activity-type": "AUTH_FAILURE",
        "source-ip": "127.0.0.1",
        "resource-arn": ARN,
        "message": f"ED25519 {fingerprint}",
        "user": name,
    }


def test_the_key_of_another_user_is_refused(front_end: FrontEnd, here: Path) -> None:
    result = sftp(front_end, "ls\n", cwd=here, login=Login("alice", front_end.login("bob.smith").key_file))
    assert result.returncode == 255


def test_passwords_are_not_offered(front_end: FrontEnd) -> None:
    transport = paramiko.Transport(("127.0.0.1", front_end.port))
    try:
        transport.start_client(timeout=10)
        with pytest.raises(paramiko.BadAuthenticationType) as info:
            transport.auth_password("alice", "secret")
        assert info.value.allowed_types == ["publickey"]
    finally:
        transport.close()


def test_too_many_keys_end_the_connection(front_end: FrontEnd, tmp_path: Path) -> None:
    transport = paramiko.Transport(("127.0.0.1", front_end.port))
    attempts = 0
    try:
        transport.start_client(timeout=10)
        while transport.is_active() and attempts < 20:
            attempts += 1
            with pytest.raises(paramiko.SSHException):
                transport.auth_publickey(
                    "alice", paramiko.Ed25519Key.from_private_key_file(_new_key(tmp_path))
                )
    finally:
        transport.close()
    assert attempts == 6


def _new_key(folder: Path) -> str:
    write_key(folder / "again.key")
    return str(folder / "again.key")


def test_a_client_without_common_algorithms_is_refused_and_logged(front_end: FrontEnd) -> None:
    """By hand: real clients see the misfit too, and may be gone before the server has read their list."""
    with socket.create_connection(("127.0.0.1", front_end.port), timeout=10) as sock:
        sock.sendall(
            b"SSH-2.0-Old_1.0\r\n" + _kex_init(b"diffie-hellman-group1-sha1,diffie-hellman-group14-sha1")
        )
        while sock.recv(4096):
            pass
    (line,) = until(
        "KEX_FAILURE", lambda: [x for x in front_end.log_lines() if x["activity-type"] == "KEX_FAILURE"]
    )
    assert {name: value for name, value in line.items() if name != "at"} == {
        "stream": "ERRORS",
        "activity-type": "KEX_FAILURE",
        "source-ip": "127.0.0.1",
        "resource-arn": ARN,
        "message": "no matching key exchange method found",
        "kex": "diffie-hellman-group1-sha1,diffie-hellman-group14-sha1",
    }


def _kex_init(kex: bytes) -> bytes:
    """One unencrypted KEXINIT packet: https://www.rfc-editor.org/rfc/rfc4253#section-7.1"""
    lists = [kex, b"ssh-ed25519", *[b"aes128-ctr"] * 2, *[b"hmac-sha2-256"] * 2, *[b"none"] * 2, b"", b""]
    payload = b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(x)) + x for x in lists) + bytes(5)
    padding = 16 - (len(payload) + 5) % 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def test_algorithms_are_those_of_the_security_policy(front_end: FrontEnd) -> None:
    with paramiko_transport(front_end) as transport:
        assert transport.remote_cipher in {"aes128-ctr", "aes256-ctr", "aes192-ctr"} | {
            "aes128-gcm@openssh.com",
            "aes256-gcm@openssh.com",
        }
        assert transport.get_remote_server_key().get_name() == "ssh-ed25519"


def test_the_banner_is_shown_before_login(make_front_end: MakeFrontEnd) -> None:
    greeting = make_front_end(settings={"pre_authentication_login_banner": "Private system\n"})
    with paramiko_transport(greeting) as transport:
        assert transport.get_banner() == b"Private system\n"


def test_connected_line_has_the_documented_keys(front_end: FrontEnd) -> None:
    with paramiko_transport(front_end):
        lines = until(
            "CONNECTED", lambda: [x for x in front_end.log_lines() if x["activity-type"] == "CONNECTED"]
        )
    line = lines[-1]
    assert set(line) - {"at", "stream"} == {
        *("role", "activity-type", "ciphers", "client", "source-ip", "resource-arn", "home-dir"),
        *("ssh-public-key", "ssh-public-key-fingerprint", "ssh-public-key-type", "user", "kex", "session-id"),
    }
    assert line["stream"] == f"alice.{line['session-id']}"
    assert line["home-dir"] == "/"
    assert line["client"].startswith("SSH-2.0-paramiko")
    assert line["ssh-public-key"].startswith("AAAAC3")
    assert "," in line["ciphers"]
    assert line["kex"]
