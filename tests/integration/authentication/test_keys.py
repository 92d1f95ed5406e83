"""Key types, signatures and attempts, with clients that we did not write."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest

from harness.sftp.identity import AuthenticationMethods as M
from harness.sftp.identity import LoginAttempt, User
from tests.integration.authentication.clients import openssh, transport
from tests.integration.authentication.conftest import Key, user
from tests.integration.authentication.running_server import RunningServer
from tests.integration.sftp.front_end import until
from tests.unit.sftp.authentication.scripted import ScriptedProvider

pytestmark = pytest.mark.integration

ALLOWED_ATTEMPTS = 6


def _provider(server: RunningServer, *keys: Key, methods: M = M.PUBLIC_KEY) -> ScriptedProvider:
    provider = ScriptedProvider(methods)
    provider.add(user("alice", *keys), "open sesame")
    server.ask(provider)
    return provider


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    folder = tmp_path_factory.mktemp("keys")
    made = [Key(folder, kind) for kind in ("ssh-ed25519", *[f"ecdsa-sha2-nistp{n}" for n in (256, 384, 521)])]
    rsa = Key(folder, "ssh-rsa", key_size=2048)
    return {**{key.private.get_algorithm(): key for key in made}, "rsa-sha2-256": rsa, "rsa-sha2-512": rsa}


@pytest.mark.parametrize(
    "algorithm",
    [
        *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
        *("rsa-sha2-256", "rsa-sha2-512"),
    ],
)
def test_openssh_logs_in_with(server: RunningServer, keys: dict[str, Key], algorithm: str) -> None:
    _provider(server, keys[algorithm])
    only = f"PubkeyAcceptedAlgorithms={algorithm}"
    result = openssh(server, "alice", key_file=keys[algorithm].file, options=(only,))
    assert result.returncode == 0, result.stderr


class OldClient(asyncssh.SSHClientConnection):
    """Signs RSA with SHA-1, whatever the server says that it takes."""

    def _choose_signature_alg(self, keypair: Any) -> bool:
        keypair.set_sig_algorithm(b"ssh-rsa")
        return True


@pytest.mark.parametrize(("client", "gets_in"), [(asyncssh.SSHClientConnection, True), (OldClient, False)])
def test_a_signature_with_sha_1_is_refused_though_the_key_is_right(
    server: RunningServer,
    keys: dict[str, Key],
    monkeypatch: pytest.MonkeyPatch,
    client: type[asyncssh.SSHClientConnection],
    gets_in: bool,
) -> None:
    """Algorithm downgrade. paramiko and OpenSSH do not sign like that any more."""
    _provider(server, keys["rsa-sha2-256"])
    monkeypatch.setattr(asyncssh.connection, "SSHClientConnection", client)

    async def log_in() -> None:
        async with asyncssh.connect(
            "127.0.0.1",
            server.port,
            username="alice",
            client_keys=[keys["rsa-sha2-256"].private],
            known_hosts=None,
            config=None,
            agent_path=None,
        ):
            pass

    if gets_in:
        asyncio.run(log_in())
    else:
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(log_in())


def test_a_short_rsa_key_is_refused(server: RunningServer, tmp_path: Path) -> None:
    weak = Key(tmp_path, "ssh-rsa", key_size=1024)
    _provider(server, weak)
    with transport(server) as connection, pytest.raises(paramiko.AuthenticationException):
        connection.auth_publickey("alice", weak.for_paramiko())


def test_a_certificate_is_refused(server: RunningServer, key: Key, tmp_path: Path) -> None:
    """Transfer knows no certificates, whoever has signed them."""
    _provider(server, key)
    authority = Key(tmp_path)
    mine = Key(tmp_path)
    (tmp_path / "mine.pub").write_text(mine.line + "\n")
    subprocess.run(
        [
            "ssh-keygen",
            "-q",
            "-s",
            str(authority.file),
            "-I",
            "alice",
            "-n",
            "alice",
            str(tmp_path / "mine.pub"),
        ],
        check=True,
        timeout=30,
    )
    certificate = f"CertificateFile={tmp_path / 'mine-cert.pub'}"
    assert openssh(server, "alice", key_file=mine.file, options=(certificate,)).returncode == 255


def test_each_of_fifty_keys_opens(server: RunningServer, tmp_path: Path) -> None:
    fifty = [Key(tmp_path) for _ in range(50)]
    _provider(server, *fifty)
    for key in (fifty[0], fifty[24], fifty[49]):
        with transport(server) as connection:
            assert connection.auth_publickey("alice", key.for_paramiko()) == []


def test_two_users_with_one_key_each_get_their_own_home(server: RunningServer, key: Key) -> None:
    provider = _provider(server, key)
    provider.add(user("bob", key, role="arn:aws:iam::000000000000:role/of-bob"))
    for name in ("alice", "bob"):
        assert openssh(server, name, key_file=key.file).returncode == 0
    roles = [(line["user"], line["role"].rpartition("/")[2]) for line in server.connected()]
    assert roles[-2:] == [("alice", "transfer"), ("bob", "of-bob")]


@pytest.mark.parametrize("name", ["nobody", "root", "ab"])
def test_unknown_users_are_answered_like_wrong_keys(
    server: RunningServer, key: Key, other_key: Key, name: str
) -> None:
    _provider(server, key)
    texts = []
    for who in (name, "alice"):
        result = openssh(server, who, key_file=other_key.file)
        assert result.returncode == 255
        texts.append(result.stderr.replace(who, "NAME"))
    assert texts[0] == texts[1]


def test_too_many_passwords_end_the_connection(server: RunningServer, key: Key) -> None:
    _provider(server, key, methods=M.PASSWORD)
    attempts = 0
    with transport(server) as connection:
        while connection.is_active() and attempts < 20:
            attempts += 1
            with pytest.raises(paramiko.SSHException):
                connection.auth_password("alice", "wrong")
    assert attempts == ALLOWED_ATTEMPTS


def test_openssh_is_told_why_the_connection_ends(server: RunningServer, key: Key, tmp_path: Path) -> None:
    _provider(server, key)
    wrong = [Key(tmp_path) for _ in range(ALLOWED_ATTEMPTS + 1)]
    result = openssh(server, "alice", options=tuple(f"IdentityFile={key.file}" for key in wrong))
    assert result.returncode == 255
    assert "Too many authentication failures" in result.stderr


def test_methods_that_are_not_offered_are_attempts_too(server: RunningServer, key: Key) -> None:
    _provider(server, key)
    attempts = 0
    with transport(server) as connection:
        while connection.is_active() and attempts < 20:
            attempts += 1
            with pytest.raises(paramiko.SSHException):
                connection.auth_none("alice")
    assert attempts == ALLOWED_ATTEMPTS + 2, "the first is free, the last is answered by the end"


class NeverAnswers(ScriptedProvider):
    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        self.asked.append(attempt)
        answer: asyncio.Future[User | None] = asyncio.get_running_loop().create_future()
        return await answer


def test_guesses_that_do_not_wait_for_an_answer_count(server: RunningServer) -> None:
    """Each request makes the server give up the one before, so none of them ever fails."""
    provider = NeverAnswers(M.PASSWORD)
    server.ask(provider)
    with transport(server) as connection:
        with pytest.raises(paramiko.BadAuthenticationType):
            connection.auth_none("alice")
        for number in range(50):
            connection._send_message(_password_request("alice", f"guess {number}"))
        until("the server ends the connection", lambda: not connection.is_active())
    assert 1 <= len(provider.asked) <= ALLOWED_ATTEMPTS


def _password_request(name: str, password: str) -> paramiko.Message:
    """https://www.rfc-editor.org/rfc/rfc4252#section-8"""
    message = paramiko.Message()
    message.add_byte(b"\x32")
    for text in (name, "ssh-connection", "password"):
        message.add_string(text)
    message.add_boolean(False)
    message.add_string(password)
    return message


def test_repeated_failures_are_throttled_over_connections(server: RunningServer, key: Key) -> None:
    provider = _provider(server, key, methods=M.PASSWORD)
    for _ in range(2):
        with transport(server) as connection:
            for _ in range(5):
                with pytest.raises(paramiko.AuthenticationException):
                    connection.auth_password("alice", "wrong")
    asked = len(provider.asked)
    assert asked == 10
    with transport(server) as connection, pytest.raises(paramiko.AuthenticationException):
        connection.auth_password("alice", "open sesame")
    assert len(provider.asked) == asked
