"""Logins, quotas, banners and records of FTPS and FTP."""

from __future__ import annotations

import ftplib

import pytest

from tests.integration.ftp.clients import curl, ftp, ftps
from tests.integration.ftp.conftest import MakeRunning
from tests.integration.ftp.running import PASSWORD, ROLE, Running
from tests.integration.sftp.front_end import until

pytestmark = pytest.mark.integration


def refused(server: Running, name: str = "alice", password: str = "wrong") -> str:
    """Try to log in; return the last reply."""
    client = ftplib.FTP(timeout=20)
    client.connect("127.0.0.1", server.port)
    try:
        with pytest.raises((ftplib.Error, EOFError)) as caught:
            client.login(name, password)
    finally:
        client.close()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "wrong"), ("nobody", PASSWORD), ("root", PASSWORD), ("ab", PASSWORD), ("alice", "x" * 1025)],
)
def test_every_failure_is_answered_alike(server: Running, name: str, password: str) -> None:
    assert refused(server, name, password) == "530 Invalid user name or password"
    (line,) = [line for line in server.lines if line["activity-type"] == "AUTH_FAILURE"]
    assert (line["stream"], line["method"], line["user"]) == ("ERRORS", "password", name)
    assert curl(server, "", "--user", f"{name}:{password}").returncode == 67


def test_failures_slow_down_whoever_guesses(make_running: MakeRunning) -> None:
    server = make_running()
    for _ in range(11):
        refused(server)
    asked = len(server.provider.attempts)
    assert refused(server, password=PASSWORD) == "530 Invalid user name or password"
    assert len(server.provider.attempts) == asked == 10


def test_a_connection_has_so_many_attempts(make_running: MakeRunning) -> None:
    server = make_running(login_attempts=2)
    client = ftplib.FTP(timeout=20)
    client.connect("127.0.0.1", server.port)
    with pytest.raises(ftplib.error_perm):
        client.login("alice", "wrong")
    with pytest.raises(ftplib.error_perm, match="Disconnecting"):
        client.login("alice", "wrong")
    with pytest.raises((EOFError, OSError)):
        client.sendcmd("NOOP")
    client.close()


def test_without_ftp_nobody_logs_in_in_the_clear(make_running: MakeRunning) -> None:
    server = make_running(protocols=["FTPS"])
    assert refused(server, password=PASSWORD).startswith("550 SSL/TLS required")
    assert server.provider.attempts == []
    client = ftps(server)
    assert client.pwd() == "/"
    client.quit()
    assert curl(server, "", tls=True).returncode == 0
    assert curl(server, "").returncode != 0


def test_without_ftps_there_is_no_tls(make_running: MakeRunning) -> None:
    server = make_running(protocols=["FTP"])
    client = ftp(server)
    for command in ("AUTH TLS", "PBSZ 0", "PROT P"):
        with pytest.raises(ftplib.error_perm, match=r"^500"):
            client.sendcmd(command)
    assert "AUTH" not in client.sendcmd("FEAT")
    client.quit()
    assert not server.certificate.exists()


def test_banners_are_shown_before_and_after_the_login(make_running: MakeRunning) -> None:
    server = make_running(
        pre_authentication_login_banner="Property of A\n123 B", post_authentication_login_banner="Hello\nyou"
    )
    client = ftplib.FTP(timeout=20)
    client.connect("127.0.0.1", server.port)
    assert client.welcome == "220-Property of A\n220 123 B"
    assert client.login("alice", PASSWORD) == "230-Hello\n230 you"
    client.quit()


def test_sessions_beyond_the_limit_are_rejected(make_running: MakeRunning) -> None:
    server = make_running(max_sessions=1)
    first = ftp(server)
    assert refused(server, password=PASSWORD) == "421 Too many sessions."
    assert server.activities().count("CONNECTION_REJECTED") == 1
    first.quit()
    until("it has ended", lambda: "DISCONNECTED" in server.activities())
    ftp(server).quit()


def test_an_idle_session_ends(make_running: MakeRunning) -> None:
    server = make_running(idle_timeout_s=0.5)
    client = ftp(server)
    assert client.getline().startswith("421")
    client.close()
    until("it has ended", lambda: "DISCONNECTED" in server.activities())
    reasons = [line["message"] for line in server.lines if line["activity-type"] == "EXIT_REASON"]
    assert reasons == ["Idle timeout"]


def test_who_does_not_log_in_must_go(make_running: MakeRunning) -> None:
    server = make_running(login_timeout_s=0.5)
    client = ftplib.FTP(timeout=20)
    client.connect("127.0.0.1", server.port)
    assert client.getline().startswith("421")
    client.close()
    assert server.lines == []


def test_a_session_is_told_from_its_login_to_its_end(server: Running) -> None:
    client = ftps(server)
    client.mkd("dir")
    client.quit()
    until("it has ended", lambda: "DISCONNECTED" in server.activities())
    assert server.activities() == ["CONNECTED", "MKDIR", "DISCONNECTED"]
    connected = server.lines[0]
    assert connected["stream"] == f"alice.{connected['session-id']}"
    assert {"role": ROLE, "home-dir": "/", "source-ip": "127.0.0.1"}.items() <= connected.items()
    assert not {"kex", "ciphers", "client", "ssh-public-key"} & connected.keys()
