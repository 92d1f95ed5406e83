"""Where things are in and beside the folder of an environment."""

from __future__ import annotations

import json
from pathlib import Path

MARKER = "floodgate.json"
"""Written last, so that only a whole environment has it; its time of change is the time of last use."""


def python_of(folder: Path) -> Path:
    """Return where an environment has its Python."""
    return folder / "bin" / "python"


def prepared_dir(folder: Path) -> Path:
    """Return the file system root that holds what was computed when the environment was made."""
    return folder / "prepared"


def lock_of(folder: Path) -> Path:
    """Return the lock file for making or deleting an environment; beside it, as the folder comes and goes."""
    return folder.parent / f"{folder.name}.lock"


def below_of(folder: Path) -> Path | None:
    """Return the environment whose packages this one sees, too, if it is whole and has one."""
    try:
        below = json.loads((folder / MARKER).read_text())["below"]
    except (OSError, ValueError, KeyError):
        return None
    return folder.parent / below if below else None
