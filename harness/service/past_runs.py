"""Runs of an earlier service with the same folder of reports: a restart must not lose sight of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from harness.service.outcome import Outcome
from harness.service.request import RunRequest
from harness.service.voice import say

RUN_FILE = "service.json"
"""In the folder of a run that has ended: what the service told of it."""


class Told(BaseModel):
    """What of it is told again; verdict and report are those that are there by then."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    run: str
    request: RunRequest
    state: Literal["ended"]
    began_at: AwareDatetime
    ended_at: AwareDatetime
    workers: int
    exit_code: int | None
    says: str


@dataclass(frozen=True)
class PastRun:
    """A run that has ended before this service began."""

    folder: Path
    told: Told
    outcome: Outcome

    @property
    def name(self) -> str:
        return self.folder.name

    def to_json(self) -> dict[str, Any]:
        """Return what the service told of the run when it ended, with the report as it is by now."""
        return {
            **self.told.model_dump(mode="json"),
            "verdict": self.outcome.verdict,
            "says": self.outcome.text or self.told.says,
            "report": self.outcome.link,
        }


def find(reports: Path, most: int) -> list[PastRun]:
    """Return those whose folders are there, the latest first.

    What cannot be read is told, and left out.

    :param most: of how many to tell
    """
    found = [run for file in _files(reports) if (run := _read(file))]
    return sorted(found, key=lambda run: run.told.began_at, reverse=True)[:most]


def _files(reports: Path) -> Iterable[Path]:
    try:
        return [file for file in reports.glob(f"*/{RUN_FILE}") if file.is_file()]
    except OSError as exc:
        say(f"runs of earlier services cannot be listed: {exc}")
        return []


def _read(file: Path) -> PastRun | None:
    try:
        told = Told.model_validate_json(file.read_bytes())
    except OSError as exc:
        say(f"{file} cannot be read: {exc.strerror}")
    except ValidationError as exc:
        say(f"{file} says nothing about a run: {exc.errors()[0]['msg']}")
    else:
        if told.run == file.parent.name:
            return PastRun(file.parent, told, Outcome(file.parent))
        say(f"{file} is about the run {told.run!r}, not about that of its folder")
    return None
