"""The processes of a state folder, one small file each, so that a later process can find and end them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from harness.engines.base import ProcessRecord
from harness.files import replace_json


class ProcessTable:
    """The records in `<state folder>/processes/`.

    Each record is a file of its own, replaced atomically: writers never touch each other's.
    """

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "processes"

    def write(self, record: ProcessRecord) -> None:
        """Add or replace the record of a role."""
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_json(self._folder / f"{record.role}.json", asdict(record))

    def read(self) -> list[ProcessRecord]:
        """Return all records, ordered by role; one that is being forgotten meanwhile is left out."""
        found = (_read(path) for path in sorted(self._folder.glob("*.json")))
        return [record for record in found if record is not None]

    def forget(self, role: str) -> None:
        """Remove the record of a role, if there is one."""
        (self._folder / f"{role}.json").unlink(missing_ok=True)


def _read(path: Path) -> ProcessRecord | None:
    try:
        return ProcessRecord(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
