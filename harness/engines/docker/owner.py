"""Whose death ends the stack that a container is for, as its folder says."""

from __future__ import annotations

import json
from pathlib import Path

from harness.engines.base import ProcessRecord


def owner_of(state_dir: Path) -> ProcessRecord | None:
    """Read `owner.json`, which a stack writes first; None where it is kept, or this is no stack's folder."""
    try:
        owner = json.loads((state_dir / "owner.json").read_text())["owner"]
    except (FileNotFoundError, KeyError):
        return None
    return ProcessRecord(**owner) if owner else None
