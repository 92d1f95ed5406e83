"""A LocalStack host process with the Lambda runtime, for the tests of this folder.

The harness's own engine, but for limits that a test can reach.
"""

from __future__ import annotations

import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from harness.engines import ports
from harness.engines.localstack import settings

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 3.0


class EngineProcess:
    """Started by `start`, ended by `stop`; the log is shown when it does not start."""

    def __init__(self, root: Path, python: Path, lambda_python: Path, extra: dict[str, str]) -> None:
        self.root = root
        self.endpoint_url = ""
        self._python = python
        self._lambda_python = lambda_python
        self._extra = extra
        self._log_file = root / "engine.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def lambda_folder(self) -> Path:
        return self.root / "lambda"

    def start(self) -> None:
        port = ports.free_port()
        self.endpoint_url = f"http://127.0.0.1:{port}"
        for folder in settings.folders(self.root):
            folder.mkdir(parents=True, exist_ok=True)
        environ = settings.environment(port=port, root=self.root, lambda_python=self._lambda_python)
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._python), "-P", "-m", "localstack.runtime.main"],
                env={**environ, **self._extra},
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_healthy()

    def client(self, service: str) -> Any:
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32, read_timeout=300),
        )

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_healthy(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if _answers(f"{self.endpoint_url}/_localstack/health"):
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"LocalStack did not start:\n{self._log_file.read_text()[-4000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
