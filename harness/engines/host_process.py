"""An engine that is one process of this machine: starting it on a free port, and leaving nothing behind.

Everything that it writes is below the state folder: `engine.log`, `processes/engine.json`, `engine/`.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from harness.engines import disk, ports, process
from harness.engines.base import Capabilities, EngineInfo, ProcessRecord, Progress
from harness.engines.records import ProcessTable
from harness.exceptions import DiskFullError, EngineStartError, FloodgateError
from harness.files import log_tail

ROLE = "engine"
MIN_FREE_BYTES = 512 * 1024 * 1024
"""Room that must be free before a start: engines spill large objects to disk."""
START_TIMEOUT_S = 120.0
_PORT_ATTEMPTS = 5
_POLL_S = 0.05
_PORT_LOST_MARKS = ("Address already in use", "address already in use", "is already in use")
_DISK_FULL_MARKS = ("No space left on device", "Disk quota exceeded")


class HostProcess(ABC):
    """The parent of engines that run as a process of this machine.

    :param port: where to listen; None takes a free one
    :param start_timeout_s: how long a start may take until it counts as failed
    :param min_free_bytes: room that the state folder's disk must have
    """

    name: str
    mode = "host"
    title: str
    """What it is called in messages."""
    stop_grace_s: float
    """How long it may take to end by itself."""
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
        self._python = Path()

    @abstractmethod
    def install(self, progress: Progress) -> Path:
        """Return its Python, with the environments that it needs made unless they are there.

        :raises InstallError: they could not be made
        """

    @abstractmethod
    def command(self, python: Path) -> list[str]:
        """Return the command line; `python` is what `install` returned."""

    @abstractmethod
    def environment(self, port: int, root: Path) -> dict[str, str]:
        """Return the whole environment of the process; `root` is the folder of this engine alone."""

    @abstractmethod
    def make_folders(self, root: Path, python: Path) -> None:
        """Make what must exist below `root` before the start."""

    @abstractmethod
    def version_when_ready(self, endpoint_url: str, started_log: bytes) -> str | None:
        """Return its version once it takes calls, None before.

        :param started_log: what it has logged since this start
        """

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Answer without starting anything."""

    def start(self, state_dir: Path, progress: Progress) -> EngineInfo:
        """Start it and wait until it is healthy.

        :raises InstallError: its environment could not be made
        :raises PortInUseError: the port that was asked for is taken
        :raises DiskFullError: the disk of the state folder has no room
        :raises EngineStartError: it ended, or did not become healthy in time
        """
        self._python = self.install(progress)
        self._state_dir = state_dir.absolute()
        with disk.translated(self._state_dir):
            self._require_room()
            return self._start_on_some_port(progress)

    def attach(self, state_dir: Path) -> None:
        """Take over an engine that another process of ours started in this folder."""
        self._state_dir = state_dir.absolute()

    def processes(self) -> list[ProcessRecord]:
        """Return the engine's own process; the Lambda processes are its children and end with it."""
        return [record for record in self._table().read() if record.role == ROLE] if self._state_dir else []

    def is_running(self) -> bool:
        """Tell whether the engine's own process runs."""
        return any(process.is_running(record) for record in self.processes())

    def log_file(self) -> Path | None:
        """Return `engine.log` in the state folder, once there is one."""
        return self._state_dir / "engine.log" if self._state_dir else None

    def stop(self) -> None:
        """End the engine with all its children, and remove what it wrote but the log."""
        if self._state_dir is None:
            return
        process.end_all(self.processes(), self._root(), grace_s=self.stop_grace_s)
        self._table().forget(ROLE)
        shutil.rmtree(self._root(), ignore_errors=True)

    def free_bytes(self, folder: Path) -> int:
        """Return the room on the disk of `folder`."""
        return disk.free_bytes(folder)

    def _start_on_some_port(self, progress: Progress) -> EngineInfo:
        """Start on the port asked for, or on free ones until none is snatched away before we bind it."""
        if self._asked_port is not None:
            ports.require_free(self._asked_port)
        for attempt in range(_PORT_ATTEMPTS):
            port = self._asked_port or ports.free_port()
            progress(f"{self.title}: starting on port {port}")
            try:
                return self._start_on(port)
            except EngineStartError as exc:
                lost = any(mark in exc.message for mark in _PORT_LOST_MARKS)
                if not lost or self._asked_port is not None or attempt == _PORT_ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _start_on(self, port: int) -> EngineInfo:
        endpoint_url = f"http://{ports.HOST}:{port}"
        log_offset = self._log().stat().st_size if self._log().exists() else 0
        child = self._spawn(port)
        try:
            self._table().write(process.record_of(ROLE, child.pid))
            version = self._wait(endpoint_url, child, log_offset)
        except BaseException:
            self.stop()
            child.wait()
            raise
        return EngineInfo(self.name, self.mode, version, endpoint_url)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        root = self._root()
        root.mkdir(parents=True, exist_ok=True)
        self.make_folders(root, self._python)
        return process.spawn(
            self.command(self._python),
            log_file=self._log(),
            env=self.environment(port, root),
            cwd=root,
            owner_dir=root,
        )

    def _wait(self, endpoint_url: str, child: subprocess.Popen[bytes], log_offset: int) -> str:
        """Wait until it takes calls; its end is noticed at once."""
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            if (code := child.poll()) is not None:
                raise self._failure(f"{self.title} ended with {code} while it was starting")
            if version := self.version_when_ready(endpoint_url, self._logged_since(log_offset)):
                return version
            time.sleep(_POLL_S)
        raise self._failure(f"{self.title} was not healthy after {self._start_timeout_s:.0f} s")

    def _logged_since(self, offset: int) -> bytes:
        with self._log().open("rb") as log:
            log.seek(offset)
            return log.read()

    def _failure(self, message: str) -> FloodgateError:
        """Return the error for a failed start, with the end of the engine's log."""
        tail = log_tail(self._log())
        text = f"{message}. The end of its log:\n{tail}"
        if disk.is_full(self._state()) or any(mark in tail for mark in _DISK_FULL_MARKS):
            return DiskFullError(f"no room in the state folder {self._state()}: {text}", hint=disk.HINT)
        return EngineStartError(
            text,
            hint="floodgate doctor --fix makes a damaged installation again; then run it again",
        )

    def _require_room(self) -> None:
        self._state().mkdir(parents=True, exist_ok=True)
        free = self.free_bytes(self._state())
        if free < self._min_free_bytes:
            raise DiskFullError(
                f"{self._state()} has {free // 2**20} MiB free, "
                f"{self.title} needs {self._min_free_bytes // 2**20} MiB",
                hint=disk.HINT,
            )

    def _state(self) -> Path:
        assert self._state_dir is not None
        return self._state_dir

    def _root(self) -> Path:
        return self._state() / "engine"

    def _log(self) -> Path:
        return self._state() / "engine.log"

    def _table(self) -> ProcessTable:
        return ProcessTable(self._state())
