"""Starts the real SFTP process for a test or a benchmark, and stops it by its own process object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import psutil

from harness.engines.base import EngineInfo

SERVER_ID = "s-0123456789abcdef0"
ROLE = "arn:aws:iam::000000000000:role/transfer"
DEADLINE_S = 30.0
PROJECT = Path(__file__).resolve().parents[3]


def until(what: str, condition: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """Wait for a true value and return it; fail with `what` when it never comes."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"never came: {what}")


@dataclass(frozen=True)
class Login:
    """A user and the private key that opens the door."""

    name: str
    key_file: Path


@dataclass
class FrontEnd:
    """One server process and its files."""

    folder: Path
    engine: EngineInfo
    bucket: str
    settings: dict[str, Any] = field(default_factory=dict)
    module: str = "harness.sftp"
    arguments: tuple[str, ...] = ()
    names: tuple[str, ...] = ("alice", "bob.smith")
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> FrontEnd:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(self.config()))
        self.ready_file.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, str(self.folder / "config.json"), *self.arguments],
                cwd=PROJECT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until("the server listens", self._is_ready)
        ready = json.loads(self.ready_file.read_text())
        self.port = ready["port"]
        key = asyncssh.read_private_key(self.folder / "host_key").export_public_key().decode().strip()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}\n")
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log_file.read_text()
        return self.ready_file.exists()

    def config(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": 0,
            "host_key_file": str(self.folder / "host_key"),
            "server_id": SERVER_ID,
            "engine": self.engine.to_json(),
            "log_group": None,
            "users": [self._user(name) for name in self.names],
            "part_size_bytes": 5 * 1024 * 1024,
            "partial_upload": "discard",
            "uploads_file": str(self.folder / "uploads.jsonl"),
            "ready_file": str(self.ready_file),
            **self.settings,
        }

    def _user(self, name: str) -> dict[str, Any]:
        public_key = asyncssh.read_private_key(self.login(name).key_file).export_public_key().decode()
        return {
            "name": name,
            "role_arn": ROLE,
            "public_keys": [public_key],
            "home_directory_type": "LOGICAL",
            "home_directory_mappings": [{"Entry": "/", "Target": f"/{self.bucket}/{name}"}],
        }

    def login(self, name: str = "alice") -> Login:
        key_file = self.folder / f"{name}.key"
        if not key_file.exists():
            write_key(key_file)
        return Login(name, key_file)

    @property
    def ready_file(self) -> Path:
        return self.folder / "ready.json"

    @property
    def log_file(self) -> Path:
        return self.folder / "sftp.log"

    def log_lines(self) -> list[dict[str, str]]:
        """Session log lines so far; a last line that is still being written is left out."""
        lines = self.log_file.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def uploads(self, event: str | None = None) -> list[dict[str, Any]]:
        text = (self.folder / "uploads.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def rss_bytes(self) -> int:
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def terminate(self) -> None:
        assert self.process is not None
        self.process.terminate()

    def stop(self) -> int:
        """Stop as a stack does; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


def write_key(path: Path) -> None:
    path.touch(mode=0o600)
    path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))


def clean_environment() -> dict[str, str]:
    """Without an agent: its keys would use up the login attempts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
