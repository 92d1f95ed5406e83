"""Runs of the service without their processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.service.config import ServiceConfig
from harness.service.one_run import OneRun
from harness.service.request import RunRequest
from harness.service.runs import Runs

SCENARIOS = {"smoke": "smoke", "mine": "/scenarios/mine.yaml"}


class Process:
    """What the service asks of a process."""

    def __init__(self) -> None:
        self.returncode: int | None = None
        self.signals: list[int] = []

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        self.signals.append(number)


class Beginner:
    """Begins runs that go on until the test ends them."""

    def __init__(self) -> None:
        self.options: list[list[str]] = []

    def __call__(
        self, name: str, request: RunRequest, folder: Path, workers: int, options: Sequence[str]
    ) -> OneRun:
        self.options.append(list(options))
        return OneRun(name, request, folder, workers, Process())  # type: ignore[arg-type]


def config(tmp_path: Path, **changes: Any) -> ServiceConfig:
    return ServiceConfig.model_validate({"scenarios": SCENARIOS, "reports": tmp_path, **changes})


def runs(tmp_path: Path, beginner: Beginner, workers: int = 0, **changes: Any) -> Runs:
    return Runs(config(tmp_path, **changes), lambda: workers, beginner)


def end(run: OneRun, code: int = 0, verdict: str | None = "passed") -> None:
    """End a run, with a report where it has a verdict."""
    if verdict is not None:
        write(run, "summary.json", {"verdict": verdict, "files": {"delivered": 20, "offered": 20}})
    run.process.returncode = code
    run.ended_at = run.began_at + 1


def write(run: OneRun, name: str, content: Any) -> None:
    """Write a file that the real run would write into its folder."""
    path = run.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
