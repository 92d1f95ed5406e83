"""The load generator as a child process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.base import ProcessRecord
from harness.engines.process import record_of
from harness.exit_codes import ExitCode

_LOG_TAIL_CHARS = 2000


@dataclass
class LoadProcess:
    """A running `python -m harness.load`. It has its own session, so Ctrl-C reaches only the harness."""

    process: subprocess.Popen[bytes]
    log: Path
    asked: bool = False
    """To stop, by us."""
    killed: bool = False
    """By us, so its exit code says nothing."""

    @classmethod
    def start(
        cls,
        config: dict[str, Any],
        config_file: Path,
        log: Path,
        module: str = "harness.load",
        environment: Mapping[str, str] | None = None,
    ) -> LoadProcess:
        """Write the configuration and start a process of the generator.

        :param environment: variables besides our own: what must not stand in a file
        """
        config_file.write_text(json.dumps(config, indent=2))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(config_file)],
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process, log)

    def record(self) -> list[ProcessRecord]:
        """Return the process for the resource sampler; empty once it is gone."""
        return [record_of("load", self.process.pid)] if self.is_running() else []

    def is_running(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Tell it to offer no more files and to let running uploads finish.

        Not with SIGINT: until the generator can answer for itself, Python turns that into a traceback.
        """
        if self.is_running():
            self.asked = True
            self.process.send_signal(signal.SIGTERM)

    def end(self, within_s: float) -> None:
        """Ask it to stop, and kill it when it takes longer than `within_s`."""
        self.ask_to_stop()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self.is_running():
            self.killed = True
            self.process.kill()
            self.process.wait()

    def failure(self) -> tuple[ExitCode, str] | None:
        """Return why it ended with an error of its own, or `None`."""
        code = self.process.poll()
        stopped_early = self.asked and code == -signal.SIGTERM
        if not code or self.killed or stopped_early:
            return None
        tail = self.log.read_text(errors="replace")[-_LOG_TAIL_CHARS:].strip()
        known = {exit_code.value: exit_code for exit_code in (ExitCode.USAGE, ExitCode.NOT_READY)}
        told = f"the load generator ended with exit code {code}" + (f":\n{tail}" if tail else "")
        return known.get(code, ExitCode.INTERNAL_ERROR), told
