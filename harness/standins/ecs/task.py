"""One task: a process, its log, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.engines.base import EngineInfo
from harness.standins.ecs.definition import Service
from harness.standins.ecs.logs import TaskLog

_LAUNCHER = Path(__file__).with_name("launcher.py")
_PASSED_THROUGH = ("LANG", "LC_ALL", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Machine:
    """What stands for the image of a task: a Python, a folder of code, and the engine's address."""

    python: Path
    code: Path
    engine: EngineInfo
    owner_env: Mapping[str, str]
    """Marks every process of the stack, so that whoever clears it finds all."""

    def environment(self, service: Service, task_id: str) -> dict[str, str]:
        """Return the variables of a task: those of ECS and the engine, under those of the task definition.

        The metadata address names the task, as on Fargate; nobody answers there.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-environment-variables.html
        """
        engine = self.engine
        passed = {name: os.environ[name] for name in _PASSED_THROUGH if name in os.environ}
        given = {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(self.code),
            "PYTHONUNBUFFERED": "1",
            "PYTHONNOUSERSITE": "1",
            # The developer's own ~/.aws must not reach the task.
            "HOME": str(self.code),
            "TZ": ":UTC",
            "HOSTNAME": task_id,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_REGION": engine.region,
            "AWS_DEFAULT_REGION": engine.region,
            "AWS_ENDPOINT_URL": engine.endpoint_url,
            "AWS_ACCESS_KEY_ID": engine.access_key_id,
            "AWS_SECRET_ACCESS_KEY": engine.secret_access_key,
            "ECS_CONTAINER_METADATA_URI_V4": f"http://169.254.170.2/v4/{task_id}-0000000001",
        }
        return {**passed, **given, **service.container.environment, **self.owner_env}


class Task:
    """A running task. The thread that makes it must live as long as it, or the kernel kills it."""

    def __init__(self, service: Service, machine: Machine, log: TaskLog, task_id: str) -> None:
        self.id = task_id
        self.code = machine.code
        self.started_s = time.monotonic()
        self._stop_timeout_s = service.container.stop_timeout_s
        self._kill_at_s: float | None = None
        self._log = log
        self._process = subprocess.Popen(
            _command(service.container.command),
            env=machine.environment(service, task_id),
            cwd=machine.code,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        log.start(self._process.stdout)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_stopping(self) -> bool:
        return self._kill_at_s is not None

    def age_s(self) -> float:
        """Return for how long it has run."""
        return time.monotonic() - self.started_s

    def stop(self) -> None:
        """Send SIGTERM; `has_ended` sends SIGKILL when the stop timeout is over."""
        if self._kill_at_s is None:
            self._kill_at_s = time.monotonic() + self._stop_timeout_s
            self._process.send_signal(signal.SIGTERM)

    def has_ended(self) -> bool:
        """Tell whether the process has ended. To be asked every now and then."""
        if self._process.poll() is not None:
            return True
        if self._kill_at_s is not None and time.monotonic() >= self._kill_at_s:
            self._process.kill()
        return False

    def close(self) -> int:
        """Send the last log lines and return the exit code, negative for a signal. It must have ended."""
        self._log.close()
        return self._process.wait()


def new_task_id() -> str:
    """Return an id such as Fargate gives: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def _command(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *command]
