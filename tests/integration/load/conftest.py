"""A real SFTP server and a real load process, each on its own, for every test that asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

TOKEN_ENV = "FLOODGATE_WORKER_TOKEN"
TOKEN = "a token for tests only, long enough"
REPOSITORY = Path(__file__).parents[3]
DEADLINE_S = 90.0


@dataclass
class SftpServer:
    """A running test server. `uploads()` is what it has seen closed."""

    process: subprocess.Popen[str]
    port: int
    fingerprint: str
    uploads_file: Path

    def uploads(self) -> dict[str, dict[str, Any]]:
        lines = [json.loads(line) for line in self.uploads_file.read_text().splitlines()]
        return {line["path"]: line for line in lines}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Load:
    """A load process and its ledger."""

    process: subprocess.Popen[str]
    ledger_file: Path
    stderr: str = ""

    def lines(self, *events: str) -> list[dict[str, Any]]:
        """Lines that are complete by now, all or of some events."""
        if not self.ledger_file.exists():
            return []
        whole = self.ledger_file.read_text().split("\n")[:-1]
        lines = [json.loads(line) for line in whole]
        return [line for line in lines if not events or line["e"] in events]

    def wait(self) -> int:
        _, self.stderr = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, self.lines()
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@dataclass
class Bench:
    """Starts servers and loads in one folder, and ends them."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("host_key", "client_key"):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(self.folder / name)
            key.write_public_key(self.folder / f"{name}.pub")

    def server(self, fault: str = "none", port: int = 0, host_key: str = "host_key") -> SftpServer:
        uploads_file = self.folder / "uploads.jsonl"
        arguments = {
            "fault": fault,
            "uploads_file": str(uploads_file),
            "authorized_keys_file": str(self.folder / "client_key.pub"),
            "host_key_file": str(self.folder / host_key),
            "port": port,
        }
        process = self.start("tests.integration.load.sftp_servers", json.dumps(arguments))
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()
        fingerprint = asyncssh.read_public_key(self.folder / "host_key.pub").get_fingerprint()
        return SftpServer(process, json.loads(line)["port"], fingerprint, uploads_file)

    def config(self, server: SftpServer, scenario: str, **changes: Any) -> dict[str, Any]:
        logins = [
            {"name": f"customer-{number}", "private_key_file": str(self.folder / "client_key"), "home": "/"}
            for number in range(4)
        ]
        return {
            "run_id": "run",
            "scenario": scenario,
            "seed": 7,
            "sftp": {
                "host": "127.0.0.1",
                "port": server.port,
                "host_key_fingerprint": server.fingerprint,
            },
            "users": logins,
            "source_bucket": "source",
            "ledger_dir": str(self.folder / "ledger"),
            "stop_grace_s": 5.0,
        } | changes

    def load(self, server: SftpServer, scenario: str = "smoke", **changes: Any) -> Load:
        config = self.config(server, scenario, **changes)
        config_file = self.folder / "load.json"
        config_file.write_text(json.dumps(config))
        process = self.start("harness.load", str(config_file))
        return Load(process, Path(config["ledger_dir"]) / "ledger-0.jsonl")

    def scenario(self, workload: str, body: str = "", imports: str = "") -> str:
        """Write a scenario file of the user's own; `body` goes into its Locust user."""
        path = self.folder / "own_scenario.py"
        path.write_text(
            f"from harness.load import SftpUser, SizeClass, Workload\n{imports}\n"
            f"WORKLOAD = Workload(description='own', {workload})\n"
            f"class Customer(SftpUser):\n    '''Own.'''\n{body}\n"
        )
        return str(path)

    def stop_all(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def start(self, module: str, argument: str, token: str = TOKEN) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        environment[TOKEN_ENV] = token
        process = subprocess.Popen(
            [sys.executable, "-m", module, argument],
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.stop_all()


def assert_conserved(load: Load) -> None:
    """Every offered file has exactly one final line, and the last line says how many there were."""
    offered = [line["id"] for line in load.lines("offered")]
    final = [line["id"] for line in load.lines("not_started", "uploaded", "upload_failed", "aborted")]
    assert len(offered) == len(set(offered))
    assert sorted(final) == sorted(offered)
    assert load.lines()[0]["e"] == "header"
    assert load.lines()[-1]["e"] == "end"
    assert load.lines()[-1]["offered"] == len(offered)


def causes(load: Load, event: str) -> set[str]:
    return {line["cause"] for line in load.lines(event)}
