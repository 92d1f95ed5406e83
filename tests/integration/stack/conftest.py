"""What tests of whole stacks share."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.deploy import PipelineOptions
from harness.engines import process
from harness.environments import ensure
from harness.paths import environments_dir
from harness.stack import lifecycle
from harness.stack.state import known_names

SMALL = PipelineOptions(template=Path(__file__).parent / "small.yaml")
"""Two buckets: deployed in a second, where the pipeline takes ten."""
UP_SCRIPT = """
import os, signal, sys
from pathlib import Path
from harness.deploy import PipelineOptions
from harness.stack import lifecycle
from harness.stack.state import Bequest

def tell(line):
    print(line, flush=True)

name, owned = sys.argv[1], sys.argv[2] == "owned"
owner_pid = os.getpid() if owned else None
pipeline = PipelineOptions(template=Path(sys.argv[3]))
run_dir = Path(sys.argv[4])
bequest = Bequest(str(run_dir), ["cp", str(run_dir.parent / "stacks" / name / "stack.json"), str(run_dir)])
lifecycle.up(
    name,
    pipeline=pipeline,
    customers=1,
    owner_pid=owner_pid,
    bequest=bequest if owned else None,
    progress=tell,
)
tell("up and waiting")
if owned:
    signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for stacks of this test alone, with the environments of everybody.

    Whatever the test leaves is ended here, and fails the test.
    """
    for kind in ("localstack", "lambda-runtime"):
        ensure(kind, print)
    shared = environments_dir().resolve()
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "environments").symlink_to(shared)
    monkeypatch.setenv("FLOODGATE_HOME", str(folder))
    yield folder
    for name in known_names():
        lifecycle.down(name, print)
    left = process.of_owner(folder)
    process.end_all([], folder, grace_s=0)
    assert not left


def run_dir(home: Path) -> Path:
    """Return the folder of the run that the owner of a stack is about to do."""
    folder = home / "run"
    (folder / "ledger").mkdir(parents=True, exist_ok=True)
    return folder


class OtherProcess:
    """A process that brings a stack up, as the command line would."""

    def __init__(self, name: str, run_dir: Path, *, owned: bool) -> None:
        kind = "owned" if owned else "kept"
        self.popen = subprocess.Popen(
            [sys.executable, "-c", UP_SCRIPT, name, kind, str(SMALL.template), str(run_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def wait_for_line(self, pattern: str) -> None:
        """Read what it tells until a line matches."""
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line)
            if re.search(pattern, line):
                return
        raise AssertionError(f"it ended without {pattern!r}:\n" + "".join(self.lines))

    def end(self, number: int) -> str:
        """Send a signal, wait for the end, return all that it told."""
        os.kill(self.popen.pid, number)
        rest, _ = self.popen.communicate(timeout=60)
        return "".join(self.lines) + rest


@pytest.fixture
def other_process(home: Path) -> Iterator[Callable[..., OtherProcess]]:
    """Make processes that bring up stacks; those that still run are killed after the test."""
    made: list[OtherProcess] = []

    def make(name: str, *, owned: bool) -> OtherProcess:
        made.append(OtherProcess(name, run_dir(home), owned=owned))
        return made[-1]

    yield make
    for other in made:
        if other.popen.poll() is None:
            other.popen.kill()
        other.popen.communicate(timeout=60)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Wait for a condition, or fail saying which."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)
