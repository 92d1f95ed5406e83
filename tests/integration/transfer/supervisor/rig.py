"""Starts the real Transfer process for a test, drives its API with boto3, and looks at its workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import boto3
import paramiko
import psutil

from harness.engines.base import EngineInfo
from tests.integration.sftp.front_end import PROJECT, until, write_key

ROLE = "arn:aws:iam::000000000000:role/transfer"


@dataclass
class Transfer:
    """One process and its files. Its users may do what their home reaches: policies are tested elsewhere."""

    folder: Path
    engine: EngineInfo
    bucket: str
    workers: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Transfer:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(self._config()))
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "harness.transfer", str(self.folder / "config.json")],
                cwd=PROJECT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until("the Transfer process is ready", self._is_ready)
        return self

    def _config(self) -> dict[str, Any]:
        worker = {"authorisation": "mapped", "uploads_file": str(self.folder / "uploads.jsonl")}
        return {
            "engine": self.engine.to_json(),
            "store_file": str(self.folder / "transfer.sqlite"),
            "work_dir": str(self.folder / "work"),
            "workers": self.workers,
            "worker": worker,
            "ready_file": str(self.folder / "ready.json"),
            **self.settings,
        }

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log_file.read_text()
        return (self.folder / "ready.json").exists()

    @property
    def log_file(self) -> Path:
        return self.folder / "transfer.log"

    def told(self) -> dict[str, Any]:
        """Return the ready file."""
        found: dict[str, Any] = json.loads((self.folder / "ready.json").read_text())
        return found

    @property
    def api(self) -> Any:
        return boto3.client(
            "transfer",
            endpoint_url=self.told()["api"],
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def create_server(self, **given: Any) -> str:
        """Create a server, and return its id when it is online."""
        options = {"DirectoryListingOptimization": "ENABLED"}
        server_id: str = self.api.create_server(S3StorageOptions=options, **given)["ServerId"]
        self.wait_for(server_id, "ONLINE")
        return server_id

    def wait_for(self, server_id: str, state: str) -> None:
        until(f"{server_id} is {state}", lambda: self.state(server_id) == state)

    def state(self, server_id: str) -> str:
        return str(self.api.describe_server(ServerId=server_id)["Server"]["State"])

    def create_user(self, server_id: str, name: str = "alice") -> None:
        public_key = asyncssh.read_private_key(self.key_file).export_public_key().decode().strip()
        self.api.create_user(
            ServerId=server_id,
            UserName=name,
            Role=ROLE,
            HomeDirectoryType="LOGICAL",
            HomeDirectoryMappings=[{"Entry": "/", "Target": f"/{self.bucket}/{name}"}],
            SshPublicKeyBody=public_key,
        )

    @property
    def key_file(self) -> Path:
        path = self.folder / "user.key"
        if not path.exists():
            write_key(path)
        return path

    def port(self, server_id: str) -> int:
        """Return where a server listens, as its tag tells."""
        tags = self.api.describe_server(ServerId=server_id)["Server"]["Tags"]
        return int({tag["Key"]: tag["Value"] for tag in tags}["floodgate:endpoint"].rpartition(":")[2])

    def pids(self, server_id: str) -> list[int]:
        """Return the workers of a server."""
        endpoint = self.told()["servers"].get(server_id)
        return list(endpoint["workers"]) if endpoint else []

    @contextmanager
    def transport(self, server_id: str, name: str = "alice") -> Iterator[paramiko.Transport]:
        transport = paramiko.Transport(("127.0.0.1", self.port(server_id)))
        try:
            transport.connect(
                username=name, pkey=paramiko.Ed25519Key.from_private_key_file(str(self.key_file))
            )
            yield transport
        finally:
            transport.close()

    @contextmanager
    def sftp(self, server_id: str, name: str = "alice") -> Iterator[paramiko.SFTPClient]:
        with self.transport(server_id, name) as transport:
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            client.get_channel().settimeout(30)
            yield client

    def uploads(self) -> list[dict[str, Any]]:
        text = (self.folder / "uploads.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def end(self) -> None:
        """Kill whatever is left of it."""
        if self.process is None:
            return
        left = [] if self.process.poll() is not None else psutil.Process(self.process.pid).children(True)
        self.process.kill()
        self.process.wait()
        for child in left:
            child.kill()
