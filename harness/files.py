"""Files that one process writes while others read them: small state, and logs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

LOG_TAIL_LINES = 25


def replace_json(path: Path, content: Any) -> None:
    """Replace a file at once: readers see the old or the new content, never a part.

    One process at a time may write a file. Raises `OSError`.
    """
    half = path.with_name(f".{path.name}.new")
    half.write_text(json.dumps(content, indent=2))
    half.replace(path)


def read_json(path: Path) -> Any:
    """Return what a file of `replace_json` holds; `None` where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def log_tail(log_file: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log, or a word about why there are none."""
    try:
        text = log_file.read_text(errors="replace")
    except OSError as exc:
        return f"(no log: {exc})"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"


def copy_tail(source: Path, target: Path, max_bytes: int) -> None:
    """Copy a log; of one that is longer than `max_bytes`, the lines at its end. Raises `OSError`."""
    with source.open("rb") as log, target.open("wb") as copy:
        length = log.seek(0, os.SEEK_END)
        log.seek(max(0, length - max_bytes))
        if length > max_bytes:
            log.readline()  # most likely a part of a line
            copy.write(f"(the first {log.tell()} bytes of this log were not kept)\n".encode())
        shutil.copyfileobj(log, copy)
