"""What is answered to single commands: what Transfer Family has, and what it has not."""

from __future__ import annotations

import ftplib
import io
from collections.abc import Iterator

import pytest

from tests.integration.ftp.clients import ResumingFtps, ftp, ftps
from tests.integration.ftp.conftest import MakeRunning
from tests.integration.ftp.running import DenyDeletes, Running
from tests.integration.sftp.front_end import until

pytestmark = pytest.mark.integration


@pytest.fixture
def client(server: Running) -> Iterator[ftplib.FTP]:
    server.storage.objects.update({"alice/file": b"content", "alice/dir/": b"", "alice/dir/in": b""})
    client = ftp(server)
    yield client
    client.close()


class Unprotected(ResumingFtps):
    """Protects logins only."""

    def prot_p(self) -> str:
        return ""


def code(client: ftplib.FTP, command: str) -> int:
    try:
        return int(client.sendcmd(command)[:3])
    except ftplib.Error as exc:
        return int(str(exc)[:3])


@pytest.mark.parametrize(
    "command",
    [
        "APPE file",
        "REST 3",
        "PORT 127,0,0,1,4,1",
        "EPRT |1|127.0.0.1|1025|",
        "SITE CHMOD 600 file",
        "ALLO 1",
        "REIN",
        "HELP",
    ],
)
def test_what_transfer_family_does_not_have(client: ftplib.FTP, command: str) -> None:
    assert code(client, command) == 500


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("NOOP", 200),
        ("SYST", 215),
        ("STAT", 211),
        ("STAT dir", 213),
        ("FEAT", 211),
        ("OPTS UTF8 ON", 200),
        ("LANG en", 200),
        ("LANG de", 504),
        ("MODE S", 200),
        ("MODE B", 504),
        ("STRU F", 200),
        ("STRU R", 504),
        ("TYPE A", 200),
        ("TYPE E", 504),
        ("MLST file", 250),
        ("MLST none", 550),
        ("SIZE dir", 550),
        ("MDTM none", 550),
        ("CWD none", 550),
        ("CWD file", 550),
        ("CDUP", 250),
        ("CWD ../../../etc", 550),
        ("DELE none", 550),
        ("DELE dir", 550),
        ("RMD dir", 550),
        ("RMD none", 550),
        ("MKD dir", 550),
        ("RNFR none", 550),
        ("RNTO x", 503),
        ("MFMT 20240101000000 file", 550),
        ("PASV", 227),
        ("EPSV", 229),
        ("EPSV 2", 522),
        ("LIST", 425),
        ("STOR x", 425),
        ("ABOR", 225),
        ("USER bob", 530),
        ("PROT P", 503),
        ("a\nb", 501),
        ("DELE a\0b", 501),
    ],
)
def test_what_is_answered(client: ftplib.FTP, command: str, expected: int) -> None:
    client.putline = lambda line: client.sock.sendall(f"{line}\r\n".encode())  # type: ignore[method-assign, union-attr]
    assert code(client, command) == expected


@pytest.mark.parametrize(("source", "target"), [("file", "dir"), ("file", "dir/in"), ("dir", "other")])
def test_renames_that_transfer_family_refuses(
    server: Running, client: ftplib.FTP, source: str, target: str
) -> None:
    with pytest.raises(ftplib.error_perm, match=r"^550"):
        client.rename(source, target)
    assert sorted(server.stored()) == ["alice/dir/", "alice/dir/in", "alice/file"]


def test_type_a_changes_no_byte(server: Running, client: ftplib.FTP) -> None:
    client.sendcmd("TYPE A")
    with client.transfercmd("STOR text") as data:
        data.sendall(b"a\r\nb\nc\r")
    assert client.voidresp().startswith("226")
    assert server.stored()["alice/text"] == b"a\r\nb\nc\r"


def test_stou_makes_a_name_that_is_not_there(server: Running, client: ftplib.FTP) -> None:
    told = client.storbinary("STOU", io.BytesIO(b"content"))
    assert told.startswith("226")
    (new,) = set(server.stored()) - {"alice/dir/", "alice/dir/in", "alice/file"}
    assert server.stored()[new] == b"content"


def test_path_homes_show_the_bucket(server: Running) -> None:
    client = ftp(server, "path-user")
    assert client.pwd() == "/bucket/path-user"
    client.storbinary("STOR file", io.BytesIO(b"content"))
    assert server.stored() == {"path-user/file": b"content"}
    assert code(client, "MKD /bucket/alice/x") == 550
    client.quit()


def test_what_policies_deny_is_refused_and_told(make_running: MakeRunning) -> None:
    server = make_running(authoriser=DenyDeletes())
    server.storage.objects["alice/file"] = b"content"
    client = ftp(server)
    with pytest.raises(ftplib.error_perm, match="550 Access denied"):
        client.delete("file")
    with pytest.raises(ftplib.error_perm, match="550 Access denied"):
        client.rename("file", "other")
    client.quit()
    assert server.stored() == {"alice/file": b"content"}
    assert server.activities().count("ERROR") == 2
    assert [h.failure.code for h in server.happenings if h.failure] == ["UNKNOWN_ERROR"] * 2


def test_times_are_ignored_where_the_server_says_so(make_running: MakeRunning) -> None:
    server = make_running(set_stat_option="ENABLE_NO_OP")
    server.storage.objects["alice/file"] = b"content"
    client = ftp(server)
    assert code(client, "MFMT 20240101000000 file") == 213
    client.quit()
    assert "SETSTAT" in server.activities()


def test_data_of_ftps_must_be_protected(server: Running) -> None:
    client = ftps(server)
    assert code(client, "PROT C") == 534
    client.sendcmd("PROT P")
    client.quit()
    client = ftps(server, Unprotected)
    assert code(client, "PASV") == 521
    assert code(client, "EPSV") == 521
    client.close()


def test_data_ports_are_those_of_the_range_and_the_address_is_the_one_given(
    make_running: MakeRunning,
) -> None:
    server = make_running(passive_ip="0.0.0.0", passive_ports=[40_000, 49_999])
    client = ftp(server)
    host, port = ftplib.parse227(client.sendcmd("PASV"))
    assert host == "0.0.0.0"
    assert 40_000 <= port <= 49_999
    client.quit()


def test_one_transfer_at_a_time(server: Running, client: ftplib.FTP) -> None:
    data = client.transfercmd("STOR one")
    data.sendall(b"begun")
    until("the first bytes are here", lambda: server.server._services.open_uploads)
    assert code(client, "RETR file") == 450
    data.close()
    assert client.voidresp().startswith("226")
    assert server.stored()["alice/one"] == b"begun"
