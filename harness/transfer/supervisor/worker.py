"""One worker: a process `python -m harness.sftp`, or `harness.ftp`, on an inherited socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

from harness.exceptions import EngineStartError
from harness.files import replace_json

START_TIMEOUT_S = 60.0
_POLL_S = 0.02


class Worker:
    """A worker process, from its start to its end. One of the same name is the successor of one that died.

    :param folder: gets its configuration and its ready file
    :param settings: of its configuration file, without what is said here
    :param starts: held while it starts; its time begins when it has it
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        settings: dict[str, Any],
        listen_fd: int,
        *,
        module: str = "harness.sftp",
        starts: asyncio.Semaphore | None = None,
    ) -> None:
        self.name = name
        self._starts = starts or asyncio.Semaphore()
        self._module = module
        self._listen_fd = listen_fd
        self._config_file = folder / f"{name}.json"
        self._ready_file = folder / f"{name}.ready.json"
        self._settings = {
            **settings,
            "listen_fd": listen_fd,
            "open_uploads_file": str(folder / f"{name}.open"),
            "ready_file": str(self._ready_file),
        }
        self._process: asyncio.subprocess.Process | None = None
        self.is_leaving = False
        """It was told to end, so its end is no failure."""

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self, timeout_s: float = START_TIMEOUT_S) -> dict[str, Any]:
        """Start it and return what it tells when it serves.

        :raises EngineStartError: it ended, or does not serve after `timeout_s`
        """
        async with self._starts:
            if self.is_leaving:
                raise EngineStartError(f"worker {self.name} was told to end before it began")
            return await self._start(timeout_s)

    async def _start(self, timeout_s: float) -> dict[str, Any]:
        try:
            await self._spawn()
        except OSError as exc:
            raise EngineStartError(
                f"worker {self.name} cannot be started: {exc}", hint="is there room for files and processes?"
            ) from exc
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ready()
        except TimeoutError as exc:
            self.kill()
            raise EngineStartError(
                f"worker {self.name} does not serve after {timeout_s:.0f} s", hint="the log names the cause"
            ) from exc

    async def _spawn(self) -> None:
        self._ready_file.unlink(missing_ok=True)
        replace_json(self._config_file, self._settings)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", self._module, str(self._config_file)),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(self._listen_fd,),
        )

    async def ended(self) -> int:
        """Wait for its end; return the exit code, negative for a signal."""
        assert self._process is not None
        code = await self._process.wait()
        self._config_file.unlink(missing_ok=True)
        self._ready_file.unlink(missing_ok=True)
        return code

    def retire(self) -> None:
        """Have it serve the sessions that it has, and no others, until they end."""
        self._signal(signal.SIGUSR1)

    def stop(self) -> None:
        """Have it finish the uploads that are open, for the time that its configuration gives, and end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        self.is_leaving = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _ready(self) -> dict[str, Any]:
        assert self._process is not None
        while not self._ready_file.exists():
            if self._process.returncode is not None:
                raise EngineStartError(
                    f"worker {self.name} ended with {self._process.returncode} while starting",
                    hint="the lines above name the cause",
                )
            await asyncio.sleep(_POLL_S)
        told: dict[str, Any] = json.loads(self._ready_file.read_text())
        return told
