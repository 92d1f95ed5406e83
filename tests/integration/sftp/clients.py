"""Clients that we did not write: OpenSSH's `sftp` and `scp`, and paramiko."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko

from tests.integration.sftp.front_end import FrontEnd, Login, clean_environment


def ssh_options(front_end: FrontEnd, login: Login) -> list[str]:
    options = {
        "UserKnownHostsFile": front_end.folder / "known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "ConnectTimeout": "10",
    }
    flags = [text for name, value in options.items() for text in ("-o", f"{name}={value}")]
    return ["-F", "/dev/null", "-i", str(login.key_file), "-P", str(front_end.port), *flags]


def sftp(
    front_end: FrontEnd, batch: str, *, cwd: Path, login: Login | None = None, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a batch of OpenSSH's sftp. A line that begins with `-` may fail; any other failure ends it."""
    login = login or front_end.login()
    return subprocess.run(
        ["sftp", "-b", "-", *ssh_options(front_end, login), f"{login.name}@127.0.0.1"],
        input=batch,
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def scp(front_end: FrontEnd, source: Path, target: str, *flags: str) -> subprocess.CompletedProcess[str]:
    login = front_end.login()
    return subprocess.run(
        ["scp", *flags, *ssh_options(front_end, login), str(source), f"{login.name}@127.0.0.1:{target}"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def paramiko_transport(front_end: FrontEnd, login: Login | None = None) -> Iterator[paramiko.Transport]:
    login = login or front_end.login()
    transport = paramiko.Transport(("127.0.0.1", front_end.port))
    try:
        key = paramiko.Ed25519Key.from_private_key_file(str(login.key_file))
        transport.connect(username=login.name, pkey=key)
        yield transport
    finally:
        transport.close()


@contextmanager
def paramiko_sftp(front_end: FrontEnd, login: Login | None = None) -> Iterator[paramiko.SFTPClient]:
    with paramiko_transport(front_end, login) as transport:
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        yield client
