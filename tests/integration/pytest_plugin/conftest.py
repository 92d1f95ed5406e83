"""A project of its own in a temporary folder, whose tests run in a pytest of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.paths import stacks_dir
from harness.stack import lifecycle

RUN_TIMEOUT_S = 240.0


@dataclass
class Project:
    """A folder with tests that use the plugin."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest there as a user would; the plugin is found by its entry point."""
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=without_pytest(os.environ),
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )


def without_pytest(environment: os._Environ[str]) -> dict[str, str]:
    """Return the environment of a shell: no xdist worker, no test that is running."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}


def counts(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return pytest's last line as numbers."""
    last = result.stdout.strip().splitlines()[-1]
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", last)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q\n")
    return Project(tmp_path)


@pytest.fixture(scope="module")
def kept_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a stack that is up, as `floodgate up` leaves it."""
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(state))
        lifecycle.up("plugin-tests", customers=4, owner_pid=os.getpid(), progress=lambda _line: None)
        try:
            yield "plugin-tests"
        finally:
            lifecycle.down("plugin-tests", lambda _line: None)
            assert [path.name for path in stacks_dir().iterdir() if path.is_dir()] == []


def shown(result: subprocess.CompletedProcess[str]) -> str:
    return json.dumps({"code": result.returncode, "out": result.stdout, "err": result.stderr}, indent=1)
