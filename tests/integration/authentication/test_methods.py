"""`SftpAuthenticationMethods` with OpenSSH and paramiko: offered, enough, and whose answer wins."""

from __future__ import annotations

import paramiko
import pytest

from harness.sftp.identity import AuthenticationMethods as M
from tests.integration.authentication.clients import openssh, transport
from tests.integration.authentication.conftest import Key, user
from tests.integration.authentication.running_server import RunningServer
from tests.unit.sftp.authentication.scripted import ScriptedProvider

pytestmark = pytest.mark.integration

PASSWORD = "open sesame"
ROLE_OF_PASSWORD = "arn:aws:iam::000000000000:role/of-the-password"


def _provider(server: RunningServer, methods: M, key: Key) -> ScriptedProvider:
    provider = ScriptedProvider(methods)
    provider.add(user("alice", key), PASSWORD, by_password=user("alice", role=ROLE_OF_PASSWORD))
    server.ask(provider)
    return provider


@pytest.mark.parametrize(
    ("methods", "first", "second"),
    [
        (M.PASSWORD, "password", None),
        (M.PUBLIC_KEY, "publickey", None),
        (M.PUBLIC_KEY_OR_PASSWORD, "publickey,password", None),
        (M.PUBLIC_KEY_AND_PASSWORD, "publickey", "password"),
    ],
)
def test_openssh_is_offered_these_methods(
    server: RunningServer, key: Key, methods: M, first: str, second: str | None
) -> None:
    """In the client's own words; keyboard-interactive is never among them."""
    _provider(server, methods, key)
    result = openssh(server, "alice", options=("LogLevel=DEBUG1",))
    assert result.returncode == 255
    assert f"Permission denied ({first})" in result.stderr
    if second is not None:
        result = openssh(server, "alice", key_file=key.file)
        assert f"Permission denied ({second})" in result.stderr


@pytest.mark.parametrize(
    ("methods", "by_key", "by_password", "by_both"),
    [
        (M.PASSWORD, False, True, True),
        (M.PUBLIC_KEY, True, False, True),
        (M.PUBLIC_KEY_OR_PASSWORD, True, True, True),
        (M.PUBLIC_KEY_AND_PASSWORD, False, False, True),
    ],
)
def test_openssh_gets_in_by(
    server: RunningServer, key: Key, methods: M, by_key: bool, by_password: bool, by_both: bool
) -> None:
    _provider(server, methods, key)
    for expected, result in [
        (by_key, openssh(server, "alice", key_file=key.file)),
        (by_password, openssh(server, "alice", password=PASSWORD)),
        (by_both, openssh(server, "alice", key_file=key.file, password=PASSWORD)),
    ]:
        assert (result.returncode == 0) is expected, result.stderr
        assert ("Remote working directory: /" in result.stdout) is expected


def test_paramiko_logs_in_in_two_steps_and_the_passwords_answer_wins(server: RunningServer, key: Key) -> None:
    provider = _provider(server, M.PUBLIC_KEY_AND_PASSWORD, key)
    with transport(server) as connection:
        assert connection.auth_publickey("alice", key.for_paramiko()) == ["password"]
        assert not connection.is_authenticated()
        assert connection.auth_password("alice", PASSWORD) == []
        client = paramiko.SFTPClient.from_transport(connection)
        assert client is not None
        assert client.normalize(".") == "/"
    (line,) = server.connected()
    assert line["role"] == ROLE_OF_PASSWORD
    assert line["ssh-public-key"] == key.line.split()[1]
    assert [attempt.password for attempt in provider.asked] == [None, PASSWORD]


def test_a_wrong_password_after_the_right_key_is_refused(server: RunningServer, key: Key) -> None:
    _provider(server, M.PUBLIC_KEY_AND_PASSWORD, key)
    with transport(server) as connection:
        connection.auth_publickey("alice", key.for_paramiko())
        with pytest.raises(paramiko.AuthenticationException):
            connection.auth_password("alice", "wrong")
        assert connection.auth_password("alice", PASSWORD) == []


def test_a_password_before_the_key_is_not_taken(server: RunningServer, key: Key) -> None:
    provider = _provider(server, M.PUBLIC_KEY_AND_PASSWORD, key)
    with transport(server) as connection:
        with pytest.raises(paramiko.BadAuthenticationType) as info:
            connection.auth_password("alice", PASSWORD)
        assert info.value.allowed_types == ["publickey"]
    assert provider.asked == []


def test_the_key_of_one_user_does_not_help_another(server: RunningServer, key: Key, other_key: Key) -> None:
    provider = _provider(server, M.PUBLIC_KEY_AND_PASSWORD, key)
    provider.add(user("bob", other_key), "bobs own")
    with transport(server) as connection:
        connection.auth_publickey("alice", key.for_paramiko())
        with pytest.raises(paramiko.SSHException):
            connection.auth_password("bob", "bobs own")
        assert not connection.is_authenticated()


def test_a_channel_before_the_second_step_is_refused(server: RunningServer, key: Key) -> None:
    _provider(server, M.PUBLIC_KEY_AND_PASSWORD, key)
    with transport(server) as connection:
        connection.auth_publickey("alice", key.for_paramiko())
        with pytest.raises((paramiko.SSHException, EOFError)):
            connection.open_session(timeout=10)
    assert server.connected() == []


def test_a_wrong_password_is_told_in_the_log(server: RunningServer, key: Key) -> None:
    _provider(server, M.PASSWORD, key)
    for name in ("alice", "nobody", "root"):
        assert openssh(server, name, password="wrong").returncode == 255
    assert [(line["user"], line["method"], line["message"]) for line in server.errors()] == [
        (name, "password", "Invalid user name or password") for name in ("alice", "nobody", "root")
    ]


def test_connected_by_password_has_no_key_in_the_log(server: RunningServer, key: Key) -> None:
    _provider(server, M.PASSWORD, key)
    assert openssh(server, "alice", password=PASSWORD).returncode == 0
    (line,) = server.connected()
    assert not [name for name in line if name.startswith("ssh-public-key")]
