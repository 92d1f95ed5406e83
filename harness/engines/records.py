"""The processes of a state folder, one small file each, so that a later process can find and end them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from harness.engines.base import ProcessRecord


class ProcessTable:
    """The records in `<state folder>/processes/`.

    Each record is a file of its own, replaced atomically: writers never touch each other's.
    """

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "processes"

    def write(self, record: ProcessRecord) -> None:
        """Add or replace the record of a role."""
        self._folder.mkdir(parents=True, exist_ok=True)
        half = self._folder / f"{record.role}.new"
        half.write_text(json.dumps(asdict(record)))
        half.replace(self._folder / f"{record.role}.json")

    def read(self) -> list[ProcessRecord]:
        """Return all records, ordered by role."""
        return [ProcessRecord(**json.loads(path.read_text())) for path in sorted(self._folder.glob("*.json"))]

    def forget(self, role: str) -> None:
        """Remove the record of a role, if there is one."""
        (self._folder / f"{role}.json").unlink(missing_ok=True)
