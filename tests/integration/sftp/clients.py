"""Clients that we did not write: OpenSSH's `sftp` and `scp`, paramiko, lftp, curl, rclone and sshfs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import paramiko
import pytest

from tests.integration.sftp.front_end import Login, clean_environment, until
from tests.missing import skip_unless_ci

Done = subprocess.CompletedProcess[str]


class FrontEnd(Protocol):
    """A server that clients can find: a process on an engine, or a thread on storage in memory."""

    folder: Path
    port: int

    def login(self, name: str = "alice") -> Login: ...


def need(program: str, package: str = "") -> None:
    """Skip the test, saying what to install."""
    if shutil.which(program) is None:
        skip_unless_ci(f"{program} is not installed: apt-get install {package or program}")


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


def _run(command: list[str], *, cwd: Path | None = None) -> Done:
    return subprocess.run(
        command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )


def lftp(front_end: FrontEnd, commands: str, *, cwd: Path) -> Done:
    need("lftp")
    login = front_end.login()
    ssh = (
        f"ssh -a -x -F /dev/null -i {login.key_file} -o IdentitiesOnly=yes -o BatchMode=yes"
        f" -o UserKnownHostsFile={front_end.folder / 'known_hosts'} -o GlobalKnownHostsFile=/dev/null"
    )
    settings = (
        f"set sftp:connect-program '{ssh}'; set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes"
    )
    script = f"{settings}; open sftp://{login.name}:@127.0.0.1:{front_end.port}; {commands}"
    return _run(["lftp", "--norc", "-c", script], cwd=cwd)


def curl(front_end: FrontEnd, path: str, *arguments: str, cwd: Path) -> Done:
    need("curl")
    login = front_end.login()
    public = login.key_file.with_suffix(".pub")
    public.write_text(_run(["ssh-keygen", "-y", "-f", str(login.key_file)]).stdout)
    keys = ["--key", str(login.key_file), "--pubkey", str(public), "--user", f"{login.name}:"]
    url = f"sftp://127.0.0.1:{front_end.port}{path}"
    return _run(["curl", "-q", "--silent", "--show-error", "--insecure", *keys, *arguments, url], cwd=cwd)


def rclone(front_end: FrontEnd, *arguments: str, cwd: Path, set_modtime: bool = False) -> Done:
    """`remote:` in an argument is the server. Times are not set: Transfer refuses SETSTAT."""
    need("rclone")
    login = front_end.login()
    remote = (
        f":sftp,host=127.0.0.1,port={front_end.port},user={login.name},key_file={login.key_file},"
        f"set_modtime={str(set_modtime).lower()},shell_type=none:"
    )
    filled = [argument.replace("remote:", remote) for argument in arguments]
    return _run(["rclone", "--config", "/dev/null", "--retries", "1", *filled], cwd=cwd)


@contextmanager
def sshfs(front_end: FrontEnd, folder: Path) -> Iterator[Path]:
    """Mount the server's root."""
    need("sshfs")
    if not Path("/dev/fuse").exists():
        pytest.skip("this machine has no /dev/fuse, so sshfs cannot mount")
    login, point = front_end.login(), folder / "mounted"
    point.mkdir()
    options = {
        "port": front_end.port,
        "IdentityFile": login.key_file,
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "UserKnownHostsFile": front_end.folder / "known_hosts",
        "ssh_command": "ssh -F /dev/null",
    }
    text = ",".join(f"{name}={value}" for name, value in options.items())
    mounted = _run(["sshfs", "-o", text, f"{login.name}@127.0.0.1:/", str(point)])
    if "fuse" in mounted.stderr.lower() and "permitted" in mounted.stderr.lower():
        pytest.skip(f"this machine lets nobody mount: {mounted.stderr.strip()}")
    assert mounted.returncode == 0, mounted.stderr
    try:
        yield point
    finally:
        until("unmounted", lambda: _run(["fusermount3", "-u", str(point)]).returncode == 0)
