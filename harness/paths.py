"""Where Floodgate keeps things on this machine.

`FLOODGATE_HOME` moves everything; without it the XDG folders are used. Environments are a cache and may be
deleted at any time; stacks are state and belong to the running processes that they describe.
"""

from __future__ import annotations

import os
from pathlib import Path

HOME_ENV = "FLOODGATE_HOME"


def environments_dir() -> Path:
    """Folder of the virtual environments of engines and Lambda runtimes (a cache)."""
    return _root("XDG_CACHE_HOME", ".cache") / "environments"


def stacks_dir() -> Path:
    """Folder that holds one folder per stack."""
    return _root("XDG_STATE_HOME", ".local/state") / "stacks"


def _root(xdg_variable: str, fallback: str) -> Path:
    if home := os.environ.get(HOME_ENV):
        return Path(home).expanduser().resolve()
    base = os.environ.get(xdg_variable)
    return (Path(base) if base else Path.home() / fallback) / "floodgate"
