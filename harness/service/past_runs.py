"""Runs of an earlier service with the same folder of reports: a restart must not lose sight of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.service.outcome import Outcome, read_json
from harness.service.voice import say

RUN_FILE = "service.json"
"""In the folder of a run that has ended: what the service told of it."""


@dataclass(frozen=True)
class PastRun:
    """A run that has ended before this service began."""

    name: str
    folder: Path
    told: dict[str, Any]
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        """Return what the service told of the run when it ended, with the report as it is by now."""
        verdict = self.outcome.verdict
        if verdict is None:
            return {**self.told, "verdict": None, "report": None}
        return {**self.told, "verdict": verdict, "says": self.outcome.text}


def find(reports: Path, most: int) -> list[PastRun]:
    """Return those whose folders are there, the latest first.

    What cannot be read is told, and left out.

    :param most: of how many to tell
    """
    found = [run for file in _files(reports) if (run := _read(file))]
    return sorted(found, key=lambda run: str(run.told["began_at"]), reverse=True)[:most]


def _files(reports: Path) -> Iterable[Path]:
    try:
        return list(reports.glob(f"*/{RUN_FILE}"))
    except OSError as exc:
        say(f"runs of earlier services cannot be listed: {exc}")
        return []


def _read(file: Path) -> PastRun | None:
    name = file.parent.name
    try:
        told = read_json(file)
    except (OSError, ValueError) as exc:
        say(f"{file} cannot be read: {exc}")
        return None
    if not isinstance(told, dict) or told.get("run") != name or "began_at" not in told:
        say(f"{file} says nothing about a run of this name")
        return None
    return PastRun(name, file.parent, told, Outcome(file.parent))
