"""Drives the command line the way a user does, in processes of its own, and looks for what they leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")
TIMEOUT_S = 240.0


@dataclass
class Floodgate:
    """The command line with state folders of its own; engine environments are the user's, made once."""

    state_home: Path

    @property
    def stacks(self) -> Path:
        return self.state_home / "floodgate" / "stacks"

    def environment(self) -> dict[str, str]:
        names = {name: value for name, value in os.environ.items() if not name.startswith("FLOODGATE_")}
        return {**names, "XDG_STATE_HOME": str(self.state_home), "COLUMNS": "200"}

    def start(self, *arguments: str, cwd: Path | None = None, **variables: str) -> Command:
        """Start a command in a process group of its own, as a shell does, with variables besides ours."""
        logs = Path(tempfile.mkdtemp(dir=self.state_home.parent, prefix="command-"))
        with (logs / "out").open("wb") as out, (logs / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "harness.cli", *arguments],
                env=self.environment() | variables,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                process_group=0,
            )
        return Command(process, logs)

    def run(self, *arguments: str, cwd: Path | None = None) -> Result:
        """Run a command to its end."""
        return self.start(*arguments, cwd=cwd).finish()

    def status(self, name: str) -> dict[str, Any]:
        """Return `floodgate status --json`."""
        result = self.run("status", "--name", name, "--json")
        assert result.code == 0, result
        described: dict[str, Any] = json.loads(result.out)
        return described

    def leftovers(self) -> list[str]:
        """Return processes and stack folders that belong to this state folder."""
        folders = (
            [path.name for path in self.stacks.iterdir() if path.is_dir()] if self.stacks.exists() else []
        )
        return folders + [" ".join(process.cmdline()) for process in self.processes()]

    def processes(self) -> Iterator[psutil.Process]:
        """Yield every process that was started for this state folder."""
        mark = str(self.state_home)
        for process in psutil.process_iter():
            try:
                told = [*process.cmdline(), *process.environ().values()]
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            if process.pid != os.getpid() and any(mark in word for word in told):
                yield process

    def clear(self) -> None:
        """Take down whatever a failed test has left."""
        if self.stacks.exists():
            for folder in [path for path in self.stacks.iterdir() if path.is_dir()]:
                self.run("down", "--name", folder.name)
        for process in self.processes():
            process.kill()


@dataclass(frozen=True)
class Result:
    """What a finished command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """A command that was started."""

    process: subprocess.Popen[bytes]
    logs: Path

    @property
    def out(self) -> str:
        return (self.logs / "out").read_text()

    @property
    def err(self) -> str:
        return (self.logs / "err").read_text()

    def interrupt(self) -> None:
        """Press Ctrl-C: the whole foreground process group gets the signal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def finish(self, timeout_s: float = TIMEOUT_S) -> Result:
        """Wait for its end; a command that does not end is killed and fails the test."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.process.args!r} did not end:\n{self.out}\n{self.err}") from None
        return Result(self.process.returncode, self.out, self.err)


def eventually(look: Callable[[], T], what: str, timeout_s: float = 60.0) -> T:
    """Return the first true answer of `look`; fail when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for {what}"
        time.sleep(0.1)


def ledger_lines(run_dir: Path, event: str) -> int:
    """Count the lines of one kind in a run's ledger."""
    marks = (f'"e":"{event}"', f'"e": "{event}"')
    return sum(
        any(mark in line for mark in marks)
        for path in (run_dir / "ledger").glob("ledger-*.jsonl")
        for line in path.read_text().splitlines()
    )
