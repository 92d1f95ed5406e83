"""docker-compose.yml as a user has it, in a project of its own on free ports."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.engines import ports
from harness.engines.base import EngineInfo

ROOT = Path(__file__).parents[2]
V2_ENV = "FLOODGATE_COMPOSE_V2"
"""A program that is Compose 2, where `docker compose` is not."""
_PORTS = ("LOCALSTACK", "SFTP", "TRANSFER", "WEB", "PROMETHEUS", "GRAFANA")
_KEY = "/var/lib/floodgate/stacks/default/keys/customer-0001"
_TIMEOUT_S = 240.0


def program(major: int) -> list[str] | None:
    """Return the command of Compose 1 or 2; None where this machine has none."""
    candidates = [["docker-compose"], ["docker", "compose"], [os.environ.get(V2_ENV, "")]]
    return next((each for each in candidates if _major(each) == major), None)


def _major(command: list[str]) -> int | None:
    if not shutil.which(command[0]):
        return None
    told = subprocess.run(
        [*command, "version", "--short"], capture_output=True, text=True, timeout=30, check=False
    )
    first = told.stdout.strip().lstrip("v").partition(".")[0]
    return int(first) if told.returncode == 0 and first.isdigit() else None


@dataclass
class Composed:
    """One project. :param program: see `program`"""

    program: list[str]
    docker: Any
    project: str = field(default_factory=lambda: f"floodgate-test-{secrets.token_hex(3)}")
    ports: dict[str, int] = field(default_factory=lambda: {name: ports.free_port() for name in _PORTS})

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Compose to its end."""
        ours = {f"FLOODGATE_{name}_PORT": str(port) for name, port in self.ports.items()}
        theirs = {name: value for name, value in os.environ.items() if not name.startswith("FLOODGATE_")}
        return subprocess.run(
            [*self.program, *arguments],
            cwd=ROOT,
            env={**theirs, **ours, "COMPOSE_PROJECT_NAME": self.project},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )

    def succeed(self, *arguments: str) -> str:
        """Run Compose, which must succeed; return what it printed."""
        done = self.call(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def status(self) -> dict[str, Any]:
        """Return `floodgate status --json` of the stack."""
        found: dict[str, Any] = json.loads(
            self.succeed("exec", "-T", "sftp", "floodgate", "status", "--json")
        )
        return found

    def engine(self) -> EngineInfo:
        """Return LocalStack as this machine reaches it."""
        return EngineInfo("localstack", "url", "", f"http://127.0.0.1:{self.ports['LOCALSTACK']}")

    def upload(self, name: str, content: bytes, folder: Path) -> None:
        """Fetch the customer's key as README says, and put a file with OpenSSH's `sftp`."""
        key = folder / f"key-{secrets.token_hex(3)}"
        key.touch(mode=0o600)
        key.write_text(self.succeed("exec", "-T", "sftp", "cat", _KEY))
        (folder / name).write_bytes(content)
        options = ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "BatchMode=yes"]
        done = subprocess.run(
            ["sftp", "-q", "-b", "-", "-F", "none", "-i", str(key), "-P", str(self.ports["SFTP"])]
            + [word for option in options for word in ("-o", option)]
            + ["customer-0001@127.0.0.1"],
            input=f"put {folder / name}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done

    def web(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the web UI's API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['WEB']}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def containers(self, service: str | None = None) -> list[Any]:
        """Return the project's containers, also those that have ended."""
        labels = [f"com.docker.compose.project={self.project}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        found: list[Any] = self.docker.containers.list(all=True, filters={"label": labels})
        return found

    def leftovers(self) -> list[str]:
        """Return the names of all that the project has in the Docker Engine."""
        mine = {"label": f"com.docker.compose.project={self.project}"}
        networks, volumes = self.docker.networks.list(filters=mine), self.docker.volumes.list(filters=mine)
        return [each.name for each in [*self.containers(), *networks, *volumes]]

    def clear(self) -> None:
        """Take down what a failed test has left."""
        self.call("--profile", "monitoring", "down", "-v", "--timeout", "1")
