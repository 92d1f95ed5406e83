"""What the report of a run says, for the list of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.files import read_json


class Outcome:
    """Verdict and files of the report in a run's folder.

    Pages ask for those of all runs every two seconds, so that the report is read again only when it has
    changed, as after `floodgate settle`.
    """

    def __init__(self, folder: Path) -> None:
        self._name, self._file = folder.name, folder / "summary.json"
        self._found: dict[str, Any] | None = None
        self._of_ns: int | None = None
        """When the file that it is from was changed."""

    @property
    def verdict(self) -> str | None:
        """`None` before the run has ended, or when it left no report."""
        found = self._read()
        return None if found is None else str(found["verdict"])

    @property
    def link(self) -> str | None:
        """Where the service serves the report."""
        return None if self.verdict is None else f"reports/{self._name}/report.html"

    @property
    def text(self) -> str | None:
        found = self._read()
        if found is None:
            return None
        return f"{found['files']['delivered']:,} of {found['files']['offered']:,} offered files delivered"

    def _read(self) -> dict[str, Any] | None:
        try:
            changed_at_ns = self._file.stat().st_mtime_ns
        except OSError:
            return None
        if changed_at_ns != self._of_ns:
            self._found, self._of_ns = _essence(self._file), changed_at_ns
        return self._found


def _essence(file: Path) -> dict[str, Any] | None:
    """Return what is needed of a report; one that is damaged, or may not be read, is none."""
    try:
        whole = read_json(file) or {}
        files = {name: int(whole["files"][name]) for name in ("delivered", "offered")}
        return {"verdict": whole["verdict"], "files": files}
    except (OSError, ValueError, OverflowError, RecursionError, KeyError, TypeError):
        return None
