"""A LocalStack host process with the plugin, for the tests of this folder.

Deliberately not the harness's own engine: what is tested here is the plugin inside LocalStack.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from harness.engines.localstack import settings

PYTHON_VARIABLE = "FLOODGATE_LOCALSTACK_PYTHON"
"""Names the Python of a LocalStack environment to test, e.g. one with another version."""

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0


class LocalStackProcess:
    """Started by `start`, ended by `stop`; the log is shown when it does not start."""

    def __init__(
        self, python: Path, lambda_python: Path, root: Path, overrides: dict[str, str] | None = None
    ) -> None:
        self._python = python
        self._lambda_python = lambda_python
        self._root = root
        self._overrides = overrides or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.log_file = root / "localstack.log"
        self.endpoint_url = ""

    def start(self) -> None:
        port = _free_port()
        self.endpoint_url = f"http://127.0.0.1:{port}"
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._python), "-m", "localstack.runtime.main"],
                env=self._environment(port),
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_healthy()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self, service: str) -> Any:
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"max_attempts": 1}, max_pool_connections=32, s3={"addressing_style": "path"}
            ),
        )

    def log_text(self) -> str:
        return self.log_file.read_text(errors="replace")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _environment(self, port: int) -> dict[str, str]:
        for folder in settings.folders(self._root):
            folder.mkdir(parents=True, exist_ok=True)
        environment = settings.environment(port=port, root=self._root, lambda_python=self._lambda_python)
        return environment | {"FLOODGATE_LAMBDA_PREWARM": "0"} | self._overrides

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if _answers(f"{self.endpoint_url}/_localstack/health"):
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"LocalStack did not start:\n{self.log_text()[-4000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
