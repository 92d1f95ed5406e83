"""Clients that others wrote, and a way to break off what they do."""

from __future__ import annotations

import ftplib
import socket
import ssl
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.integration.ftp.running import PASSWORD, Running

TIMEOUT_S = 20


class ResumingFtps(ftplib.FTP_TLS):
    """ftplib by itself does not resume the session of its control connection."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        plain, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.context.wrap_socket(plain, session=self.sock.session), size


def ftp(server: Running, name: str = "alice", password: str = PASSWORD) -> ftplib.FTP:
    client = ftplib.FTP(timeout=TIMEOUT_S)
    client.connect("127.0.0.1", server.port)
    client.login(name, password)
    return client


def ftps(server: Running, kind: type[ftplib.FTP_TLS] = ResumingFtps) -> ftplib.FTP_TLS:
    context = ssl.create_default_context(cafile=str(server.certificate))
    context.check_hostname = False
    client = kind(context=context, timeout=TIMEOUT_S)
    client.connect("127.0.0.1", server.port)
    client.login("alice", PASSWORD)
    client.prot_p()
    return client


def leave(client: ftplib.FTP) -> None:
    """Be gone without a word."""
    with suppress(OSError):
        client.close()


def reset(sock: socket.socket) -> None:
    """End a connection as a router does that has lost it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def curl(server: Running, path: str, *options: str, tls: bool = False) -> subprocess.CompletedProcess[str]:
    secured = ["--ssl-reqd", "--cacert", str(server.certificate)] if tls else []
    return subprocess.run(
        [
            *("curl", "-sS", "--max-time", str(TIMEOUT_S), "--user", f"alice:{PASSWORD}"),
            *secured,
            *options,
            f"ftp://127.0.0.1:{server.port}/{path}",
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S + 10,
    )


def lftp(server: Running, commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    settings = (
        f"set ssl:ca-file {server.certificate}; set ftp:ssl-force true; set ftp:ssl-protect-data true;"
        "set net:max-retries 1; set net:timeout 10; set cmd:fail-exit true;"
    )
    login = f'open -u alice,"{PASSWORD}" ftp://localhost:{server.port};'
    return subprocess.run(
        ["lftp", "--norc", "-c", settings + login + commands],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=TIMEOUT_S + 10,
    )
