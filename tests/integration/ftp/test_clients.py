"""curl, lftp and ftplib against the real server."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from tests.integration.ftp.clients import curl, ftp, ftps, lftp
from tests.integration.ftp.running import PASSWORD, Running

pytestmark = pytest.mark.integration

CONTENT = os.urandom(6 * 1024 * 1024 + 17)
"""More than one part."""


@pytest.mark.parametrize("tls", [False, True])
def test_curl_puts_gets_lists_and_deletes(server: Running, tls: bool, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(CONTENT)
    put = curl(server, "in/a%20file", "--ftp-create-dirs", "-T", str(tmp_path / "sent"), tls=tls)
    assert put.returncode == 0, put.stderr
    assert server.stored() == {"alice/in/": b"", "alice/in/a file": CONTENT}
    assert server.storage.calls.count("complete_multipart") >= 1
    got = curl(server, "in/a%20file", "-o", str(tmp_path / "got"), tls=tls)
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "got").read_bytes() == CONTENT
    assert curl(server, "in/", "--list-only", tls=tls).stdout == "a file\n"
    assert f"{len(CONTENT)}" in curl(server, "in/", tls=tls).stdout
    assert curl(server, "", "-Q", "DELE in/a file", tls=tls).returncode == 0
    assert list(server.stored()) == ["alice/in/"]


def test_curl_resumes_no_upload_and_no_download(server: Running, tmp_path: Path) -> None:
    """`-C` needs APPE and REST, which Transfer Family does not have."""
    server.storage.objects["alice/half"] = b"12345"
    (tmp_path / "sent").write_bytes(b"1234567890")
    assert curl(server, "half", "-C", "5", "-T", str(tmp_path / "sent")).returncode != 0
    (tmp_path / "got").write_bytes(b"12")
    assert curl(server, "half", "-C", "2", "-o", str(tmp_path / "got")).returncode != 0
    assert server.stored() == {"alice/half": b"12345"}


def test_lftp_does_its_daily_work_over_ftps(server: Running, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(CONTENT)
    done = lftp(
        server,
        "mkdir in; put sent -o in/one; mv in/one in/two; cls -1 in; get in/two -o got; mkdir out; rmdir out",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "in/two" in done.stdout
    assert (tmp_path / "got").read_bytes() == CONTENT
    assert server.stored() == {"alice/in/": b"", "alice/in/two": CONTENT}
    assert {happening.session.protocol for happening in server.happenings} == {"FTPS"}


@pytest.mark.parametrize("connect", [ftp, ftps])
def test_ftplib_does_all_there_is(server: Running, connect: object) -> None:
    client = ftp(server) if connect is ftp else ftps(server)
    client.mkd("in")
    client.cwd("in")
    assert client.pwd() == "/in"
    client.storbinary("STOR ä\u4e16.txt", io.BytesIO(b"content"))
    assert client.nlst() == ["ä\u4e16.txt"]
    assert dict(client.mlsd())["ä\u4e16.txt"]["size"] == "7"
    assert client.size("ä\u4e16.txt") == 7
    assert client.sendcmd("MDTM ä\u4e16.txt") == "213 19700101000000"
    received = io.BytesIO()
    client.retrbinary("RETR ä\u4e16.txt", received.write)
    assert received.getvalue() == b"content"
    client.rename("ä\u4e16.txt", "../b")
    client.delete("/b")
    client.cwd("..")
    client.rmd("in")
    assert client.nlst() == []
    assert client.quit().startswith("221")
    protocol = "FTP" if connect is ftp else "FTPS"
    kinds = [
        "Directory Create",
        "File Upload",
        "File Download",
        "File Rename",
        "File Delete",
        "Directory Delete",
    ]
    assert [(h.subject, h.session.protocol, h.failure) for h in server.happenings] == [
        (kind, protocol, None) for kind in kinds
    ]
    assert {attempt.protocol for attempt in server.provider.attempts[-1:]} == {protocol}
    assert server.provider.attempts[-1].password == PASSWORD


def test_a_large_folder_is_listed_whole(server: Running) -> None:
    server.storage.objects.update({f"alice/many/{number:05}": b"" for number in range(2_500)})
    server.storage.objects["alice/many/with\r\nline break"] = b""
    client = ftp(server)
    assert client.nlst("many") == [f"{number:05}" for number in range(2_500)]
    client.quit()
