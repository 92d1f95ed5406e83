"""Files that one process writes while others read them: small state, and logs."""

from __future__ import annotations

import json
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


def log_tail(log_file: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log, or a word about why there are none."""
    try:
        text = log_file.read_text(errors="replace")
    except OSError as exc:
        return f"(no log: {exc})"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
