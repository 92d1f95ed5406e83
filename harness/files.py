"""Small files that other processes read while they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def replace_json(path: Path, content: Any) -> None:
    """Replace a file at once: readers see the old or the new content, never a part.

    One process at a time may write a file. Raises `OSError`.
    """
    half = path.with_name(f".{path.name}.new")
    half.write_text(json.dumps(content, indent=2))
    half.replace(path)
