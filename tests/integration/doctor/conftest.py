"""What tests of `floodgate doctor` share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from harness.engines import process

SERVER = """
import signal, socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    signal.pause()
"""


@dataclass(frozen=True)
class Spawned:
    """A process that listens on a port."""

    process: psutil.Process
    port: int

    def runs(self) -> bool:
        """Tell whether it has work left; a child that has ended waits for the test to take notice."""
        return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE


Spawn = Callable[[Path], Spawned]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for stacks and environments of this test alone."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("FLOODGATE_HOME", str(folder))
    return folder


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts processes that work for a folder, as those of a stack do; they are ended at the end."""
    children: list[subprocess.Popen[str]] = []

    def start(owner_dir: Path) -> Spawned:
        env = {**os.environ, process.OWNER_ENV: str(owner_dir)}
        child = subprocess.Popen([sys.executable, "-c", SERVER], env=env, stdout=subprocess.PIPE, text=True)
        children.append(child)
        assert child.stdout is not None
        return Spawned(psutil.Process(child.pid), int(child.stdout.readline()))

    yield start
    for child in children:
        child.kill()
        child.communicate(timeout=30)
