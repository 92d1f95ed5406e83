"""What the SFTP workers ask for: a file to which they append one JSON line for each workflow to be run."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trigger:
    """One workflow to be run, and the uploaded file that it is run for. `etag` has no quotes."""

    workflow_id: str
    execution_role: str
    kind: Literal["OnUpload", "OnPartialUpload"]
    server_id: str
    user_name: str
    session_id: str
    bucket: str
    key: str
    etag: str
    version_id: str | None


def triggers_file(work_dir: Path) -> Path:
    """Return the file through which workers of this process ask for workflows: no other process has it, so
    nothing is run twice, and nothing is missed that a worker wrote before the reader was there.
    """
    return work_dir / f"workflow-triggers-{os.getpid()}.jsonl"


class TriggerReader:
    """Reads the file from its beginning, and then whatever is appended."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._path = path
        self._position = 0

    def new(self) -> Iterator[Trigger]:
        """Yield what was appended since; a line that is still being written is left for the next time."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._position += len(line)
                try:
                    yield Trigger(**json.loads(line))
                except (ValueError, TypeError):
                    _log.exception("not a workflow trigger: %r", line)
