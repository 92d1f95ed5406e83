"""Uploads that break off, in every way in which a client can be gone; and resumed TLS sessions."""

from __future__ import annotations

import ftplib
import io
import os
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from tests.integration.ftp.clients import ftp, ftps, leave, reset
from tests.integration.ftp.conftest import MakeRunning
from tests.integration.ftp.running import PASSWORD, Running
from tests.integration.sftp.front_end import until

pytestmark = pytest.mark.integration


def begin(server: Running, client: ftplib.FTP, content: bytes = b"begun") -> socket.socket:
    """Begin an upload, and return its data connection when the server has the content."""
    data = client.transfercmd("STOR file")
    data.sendall(content)
    until("the content is here", lambda: received(server) == len(content))
    return data


def received(server: Running) -> int:
    return sum(upload._size_bytes for upload in list(server.server._services.open_uploads))  # type: ignore[attr-defined]


def is_over(server: Running) -> bool:
    """No upload is open, and its end is told."""
    return not server.server._services.open_uploads and bool(failures(server))


def failures(server: Running) -> list[tuple[str, str]]:
    return [(h.subject, h.failure.code) for h in list(server.happenings) if h.failure]


@pytest.mark.parametrize("way", ["reset", "control closed", "abor", "new PASV"])
@pytest.mark.parametrize("keep", [True, False])
def test_an_upload_that_breaks_off_is_partial(make_running: MakeRunning, way: str, keep: bool) -> None:
    server = make_running(partial_upload="keep" if keep else "discard")
    client = ftp(server)
    data = begin(server, client)
    match way:
        case "reset":
            reset(data)
            with pytest.raises(ftplib.error_temp, match=r"^426"):
                client.voidresp()
        case "control closed":
            client.close()
        case "abor":
            with pytest.raises(ftplib.error_temp, match=r"^426"):
                client.sendcmd("ABOR")
            assert client.voidresp().startswith("226")
        case "new PASV":
            client.sendcmd("PASV")
    until("its end is told", lambda: is_over(server))
    data.close()
    leave(client)
    assert server.stored() == ({"alice/file": b"begun"} if keep else {})
    assert failures(server) == [("File Upload", "PARTIAL_UPLOAD")]
    assert [line["event"] for line in server.uploads()] == ["partial" if keep else "aborted"]
    assert server.activities().count("PARTIAL_CLOSE") == 1


@pytest.mark.parametrize("tls", [False, True])
def test_curl_that_is_killed_leaves_a_partial_upload(server: Running, tls: bool, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    secured = ["--ssl-reqd", "--cacert", str(server.certificate)] if tls else []
    process = subprocess.Popen(
        [
            *("curl", "-sS", "--user", f"alice:{PASSWORD}", *secured, "-T", "-"),
            f"ftp://127.0.0.1:{server.port}/file",
        ],
        stdin=read_end,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_end)
    os.write(write_end, b"x" * 50_000)
    until("some of it is here", lambda: received(server) == 50_000)
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.close(write_end)
    until("its end is told", lambda: is_over(server))
    assert failures(server) == [("File Upload", "PARTIAL_UPLOAD")]
    assert server.stored() == {"alice/file": b"x" * 50_000}


def test_a_tls_connection_that_ends_without_its_closing_word_was_cut(server: Running) -> None:
    client = ftps(server)
    data = begin(server, client)
    data.shutdown(socket.SHUT_WR)
    with pytest.raises(ftplib.error_temp, match=r"^426"):
        client.voidresp()
    data.close()
    assert failures(server) == [("File Upload", "PARTIAL_UPLOAD")]
    assert client.voidcmd("NOOP").startswith("200")
    client.quit()


def test_a_download_that_breaks_off_is_partial(server: Running) -> None:
    server.storage.objects["alice/file"] = b"x" * 30_000_000
    client = ftp(server)
    data = client.transfercmd("RETR file")
    data.recv(1000)
    reset(data)
    with pytest.raises(ftplib.error_temp, match=r"^426"):
        client.voidresp()
    assert failures(server) == [("File Download", "PARTIAL_DOWNLOAD")]
    client.quit()


def test_a_file_whose_data_connection_never_came_stays_as_it_was(server: Running) -> None:
    server.storage.objects["alice/file"] = b"old"
    client = ftp(server)
    client.sendcmd("PASV")
    assert client.sendcmd("STOR file").startswith("150")
    client.close()
    until("its end is told", lambda: is_over(server))
    assert server.stored() == {"alice/file": b"old"}
    assert failures(server) == [("File Upload", "UNKNOWN_ERROR")]


def test_enforced_a_data_connection_must_resume_the_session(server: Running) -> None:
    server.storage.objects["alice/file"] = b"old"
    client = ftps(server, ftplib.FTP_TLS)
    with pytest.raises((ftplib.error_perm, ssl.SSLError, OSError)):
        client.storbinary("STOR file", io.BytesIO(b"new"))
    until("it is told", lambda: "TLS_RESUME_FAILURE" in server.activities())
    client.close()
    until("its end is told", lambda: is_over(server))
    assert server.stored() == {"alice/file": b"old"}


@pytest.mark.parametrize(("mode", "is_reused"), [("ENABLED", True), ("DISABLED", False)])
def test_not_enforced_every_data_connection_is_taken(
    make_running: MakeRunning, mode: str, is_reused: bool
) -> None:
    server = make_running(tls_session_resumption_mode=mode)
    fresh = ftps(server, ftplib.FTP_TLS)
    fresh.storbinary("STOR one", io.BytesIO(b"1"))
    fresh.quit()
    resuming = ftps(server)
    with resuming.transfercmd("STOR two") as data:
        assert isinstance(data, ssl.SSLSocket)
        assert data.session_reused is is_reused
        data.sendall(b"2")
        data.unwrap()
    resuming.voidresp()
    resuming.quit()
    assert server.stored() == {"alice/one": b"1", "alice/two": b"2"}


def test_tls_is_1_2_with_the_ciphers_of_the_policy(make_running: MakeRunning) -> None:
    server = make_running(security_policy="TransferSecurityPolicy-2022-03")
    client = ftps(server)
    assert isinstance(client.sock, ssl.SSLSocket)
    assert client.sock.version() == "TLSv1.2"
    assert client.sock.cipher()[0].startswith("ECDHE-ECDSA-AES")  # type: ignore[index]
    client.quit()
    too_new = ssl.create_default_context(cafile=str(server.certificate))
    too_new.check_hostname = False
    too_new.minimum_version = ssl.TLSVersion.TLSv1_3
    refused = ftplib.FTP_TLS(context=too_new, timeout=20)
    refused.connect("127.0.0.1", server.port)
    with pytest.raises((ssl.SSLError, OSError)):
        refused.auth()
    refused.close()


def test_a_server_that_stops_lets_an_open_upload_finish(make_running: MakeRunning) -> None:
    server = make_running(drain_timeout_s=20)
    client = ftp(server)
    data = begin(server, client)
    stopping = threading.Thread(target=lambda: server._run(server.server._back_end.drain()))
    stopping.start()
    until("it takes no new uploads", lambda: server.server._services.draining)
    data.sendall(b" and done")
    data.close()
    assert client.voidresp().startswith("226")
    stopping.join(20)
    assert server.stored() == {"alice/file": b"begun and done"}
    client.close()
