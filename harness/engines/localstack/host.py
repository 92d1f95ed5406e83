"""LocalStack as a process of this machine, without Docker.

Everything that it writes is below the state folder: `engine.log`, `processes/engine.json`, `engine/`.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from harness.engines import disk, ports, process
from harness.engines.base import Capabilities, EngineInfo, ProcessRecord, Progress
from harness.engines.localstack import differences, health, settings
from harness.engines.localstack.resource_types import RESOURCE_TYPES
from harness.engines.records import ProcessTable
from harness.environments import ensure
from harness.environments.prepare import install_prepared
from harness.exceptions import DiskFullError, EngineStartError

ROLE = "engine"
MIN_FREE_BYTES = 512 * 1024 * 1024
"""Room that must be free before a start: LocalStack keeps objects in memory and spills large ones to disk."""
START_TIMEOUT_S = 120.0
STOP_GRACE_S = 1.0
"""LocalStack's own end waits for calls to itself that cannot succeed any more, and nothing that it would
still write is kept."""
_PORT_ATTEMPTS = 5
_PORT_LOST_MARKS = ("Address already in use", "address already in use")


class LocalStackHost:
    """The engine `localstack`.

    :param port: where to listen; None takes a free one
    :param start_timeout_s: how long a start may take until it counts as failed
    :param min_free_bytes: room that the state folder's disk must have
    """

    name = "localstack"
    mode = "host"
    outlives_stack = False

    def __init__(
        self,
        *,
        port: int | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
        min_free_bytes: int = MIN_FREE_BYTES,
    ) -> None:
        self._asked_port = port
        self._start_timeout_s = start_timeout_s
        self._min_free_bytes = min_free_bytes
        self._state_dir: Path | None = None

    def start(self, state_dir: Path, progress: Progress) -> EngineInfo:
        """Start LocalStack and wait until it is healthy.

        :raises InstallError: its environment could not be made
        :raises PortInUseError: the port that was asked for is taken
        :raises DiskFullError: the disk of the state folder has no room
        :raises EngineStartError: it ended, or did not become healthy in time
        """
        python, lambda_python = ensure("localstack", progress), ensure("lambda-runtime", progress)
        self._state_dir = state_dir.absolute()
        with disk.translated(self._state_dir):
            self._require_room()
            return self._start_on_some_port(python, lambda_python, progress)

    def attach(self, state_dir: Path) -> None:
        """Take over an engine that another process of ours started in this folder."""
        self._state_dir = state_dir.absolute()

    def capabilities(self) -> Capabilities:
        """Say what LocalStack 4.9/4.14 lacks, each item tried."""
        return Capabilities(
            resource_types=RESOURCE_TYPES,
            differs_from_aws=differences.DIFFERS_FROM_AWS,
        )

    def processes(self) -> list[ProcessRecord]:
        """Return LocalStack's own process; the Lambda processes are its children and end with it."""
        return [record for record in self._table().read() if record.role == ROLE] if self._state_dir else []

    def is_running(self) -> bool:
        """Tell whether LocalStack's own process runs."""
        return any(process.is_running(record) for record in self.processes())

    def log_file(self) -> Path | None:
        """Return `engine.log` in the state folder, once there is one."""
        return self._state_dir / "engine.log" if self._state_dir else None

    def stop(self) -> None:
        """End LocalStack with all its children, and remove what it wrote but the log."""
        if self._state_dir is None:
            return
        process.end_all(self.processes(), self._root(), grace_s=STOP_GRACE_S)
        self._table().forget(ROLE)
        shutil.rmtree(self._root(), ignore_errors=True)

    def command(self, python: Path) -> list[str]:
        """Return the command line. `-P`: the folder that it starts in is no place to import from."""
        return [str(python), "-P", "-m", "localstack.runtime.main"]

    def _start_on_some_port(self, python: Path, lambda_python: Path, progress: Progress) -> EngineInfo:
        """Start on the port asked for, or on free ones until none is snatched away before we bind it."""
        if self._asked_port is not None:
            ports.require_free(self._asked_port)
        for attempt in range(_PORT_ATTEMPTS):
            port = self._asked_port or ports.free_port()
            progress(f"LocalStack: starting on port {port}")
            try:
                return self._start_on(port, python, lambda_python)
            except EngineStartError as exc:
                lost = any(mark in exc.message for mark in _PORT_LOST_MARKS)
                if not lost or self._asked_port is not None or attempt == _PORT_ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _start_on(self, port: int, python: Path, lambda_python: Path) -> EngineInfo:
        endpoint_url = f"http://{ports.HOST}:{port}"
        log_offset = self._log().stat().st_size if self._log().exists() else 0
        child = self._spawn(port, python, lambda_python)
        try:
            self._table().write(process.record_of(ROLE, child.pid))
            version = health.wait(
                endpoint_url,
                self._log(),
                exit_code=child.poll,
                timeout_s=self._start_timeout_s,
                offset=log_offset,
            )
        except BaseException:
            self.stop()
            child.wait()
            raise
        return EngineInfo(self.name, self.mode, version, endpoint_url)

    def _spawn(self, port: int, python: Path, lambda_python: Path) -> subprocess.Popen[bytes]:
        root = self._root()
        for folder in settings.folders(root):
            folder.mkdir(parents=True, exist_ok=True)
        install_prepared(python, root)
        return process.spawn(
            self.command(python),
            log_file=self._log(),
            env=settings.environment(port=port, root=root, lambda_python=lambda_python),
            cwd=root,
            owner_dir=root,
        )

    def _require_room(self) -> None:
        self._state().mkdir(parents=True, exist_ok=True)
        free = self.free_bytes(self._state())
        if free < self._min_free_bytes:
            raise DiskFullError(
                f"{self._state()} has {free // 2**20} MiB free, "
                f"LocalStack needs {self._min_free_bytes // 2**20} MiB",
                hint=disk.HINT,
            )

    def free_bytes(self, folder: Path) -> int:
        """Return the room on the disk of `folder`."""
        return disk.free_bytes(folder)

    def _state(self) -> Path:
        assert self._state_dir is not None
        return self._state_dir

    def _root(self) -> Path:
        return self._state() / "engine"

    def _log(self) -> Path:
        return self._state() / "engine.log"

    def _table(self) -> ProcessTable:
        return ProcessTable(self._state())
