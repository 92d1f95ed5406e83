"""The two servers of `sftp_vs_openssh`: OpenSSH's on disk, ours on a sink, as the same client sees them."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from harness.engines.base import EngineInfo
from harness.sftp.security_policies import SECURITY_POLICIES
from tests.integration.sftp.front_end import FrontEnd, until, write_key

POLICY = "TransferSecurityPolicy-2024-01"


@dataclass
class Server:
    """One running server, whatever it is made of."""

    name: str
    port: int
    user: str
    key_file: Path
    processes: list[psutil.Process] = field(default_factory=list)

    def cpu_s(self) -> float:
        """CPU time of its processes and of all children that have ended."""
        return sum(sum(process.cpu_times()[:4]) for process in self.processes)

    def rss_bytes(self) -> int:
        """Resident memory, children that still run included."""
        everyone = [child for process in self.processes for child in process.children(recursive=True)]
        return sum(process.memory_info().rss for process in [*self.processes, *everyone])

    def wait_idle(self) -> None:
        """Wait until the processes of ended sessions are gone: their CPU time is counted only then."""
        until("sessions have ended", lambda: not any(process.children() for process in self.processes))


@contextmanager
def openssh(folder: Path, cores: str) -> Iterator[Server]:
    """sshd with a configuration of its own, which offers what the security policy of ours offers.

    Its sftp-server is the built-in one: the separate program is started by the user's shell, whose start-up
    files can cost more CPU than everything else together (0.2 s for each connect where this was written).
    """
    folder.mkdir(parents=True)
    for name in ("host_key", "user_key"):
        write_key(folder / name)
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(folder / "user_key")], check=True, capture_output=True
    ).stdout
    (folder / "authorized_keys").write_bytes(public)
    port = _free_port()
    (folder / "sshd_config").write_text(_sshd_config(folder, port))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", cores, program, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log
        )
    try:
        until("sshd listens", lambda: _listens(port))
        yield Server("OpenSSH", port, getpass.getuser(), folder / "user_key", [psutil.Process(process.pid)])
    finally:
        process.terminate()
        process.wait(10)


def _sshd_config(folder: Path, port: int) -> str:
    policy = SECURITY_POLICIES[POLICY]
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder}/host_key",
        f"PidFile {folder}/sshd.pid",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "MaxStartups 1000",
        "LogLevel ERROR",
        "Subsystem sftp internal-sftp",
        f"Ciphers {','.join(policy.ciphers)}",
        f"KexAlgorithms {','.join(policy.kexs)}",
        f"MACs {','.join(policy.macs)}",
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def ours(folder: Path, cores: str, workers: int) -> Iterator[Server]:
    """Our front end on a sink: one process, or several on one port."""
    with socket.socket() as shared:
        shared.bind(("127.0.0.1", 0))
        shared.listen(1024)
        shared.set_inheritable(True)
        port = shared.getsockname()[1]
        fronts = [_front_end(folder, number) for number in range(workers)]
        started = [_start(front, shared.fileno(), cores) for front in fronts]
        try:
            for front, process in zip(fronts, started, strict=True):
                until("the server is ready", partial(_ready, front, process))
            login = fronts[0].login()
            processes = [psutil.Process(process.pid) for process in started]
            yield Server(f"ours x{workers}", port, login.name, login.key_file, processes)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(20)


def _front_end(folder: Path, number: int) -> FrontEnd:
    """All of them know the same user and the same host key."""
    front = FrontEnd(folder / str(number), EngineInfo("sink", "none", "0", "http://127.0.0.1:1"), "bucket")
    front.folder.mkdir(parents=True)
    for name in ("alice.key", "bob.smith.key", "host_key"):
        shared = folder / name
        if not shared.exists():
            write_key(shared)
        shutil.copy(shared, front.folder / name)
    front.settings = {"part_size_bytes": 8 * 1024 * 1024}
    return front


def _start(front: FrontEnd, descriptor: int, cores: str) -> subprocess.Popen[bytes]:
    configuration = {**front.config(), "listen_fd": descriptor}
    (front.folder / "config.json").write_text(json.dumps(configuration))
    command = ["taskset", "-c", cores, sys.executable, "-m", "benchmarks.sftp_sink_server"]
    command.append(str(front.folder / "config.json"))
    with front.log_file.open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, pass_fds=[descriptor])


def _ready(front: FrontEnd, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, front.log_file.read_text()
    return front.ready_file.exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        time.sleep(0.05)
        return probe.connect_ex(("127.0.0.1", port)) == 0
