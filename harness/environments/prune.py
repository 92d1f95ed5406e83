"""Deleting environments that nobody has used for a while, so that old pins do not fill the disk."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import psutil

from harness.engines.base import Progress
from harness.environments.folders import MARKER, below_of, lock_of
from harness.locks import exclusive_if_free

UNUSED_AFTER_S = 14 * 24 * 3600


def prune(
    environments: Path, *, keep: Path, progress: Progress, unused_after_s: float = UNUSED_AFTER_S
) -> None:
    """Delete the environments that were last asked for longer than `unused_after_s` ago.

    Spared are `keep`, those that a process runs on, what lies below these, and those that a process is making
    just now.
    """
    spared = _with_below({keep}) | in_use(environments)
    for folder in _folders(environments):
        if folder not in spared and _idle_s(folder) > unused_after_s:
            _delete_if_free(folder, progress)


def _delete_if_free(folder: Path, progress: Progress) -> None:
    with exclusive_if_free(lock_of(folder)) as held:
        if held:
            progress(f"deleting the unused environment {folder.name}")
            shutil.rmtree(folder, ignore_errors=True)


def _idle_s(folder: Path) -> float:
    """Return how long ago the environment was last asked for, or touched at all where it is half-made."""
    marker = folder / MARKER
    return time.time() - (marker if marker.exists() else folder).stat().st_mtime


def _with_below(folders: set[Path]) -> set[Path]:
    return folders | {below for folder in folders if (below := below_of(folder))}


def in_use(environments: Path) -> set[Path]:
    """Return the environments that processes run on, with what lies below these."""
    programs = _programs_of_processes()
    folders = _folders(environments)
    return _with_below({each for each in folders if any(word.startswith(f"{each}/") for word in programs)})


def _folders(environments: Path) -> list[Path]:
    return [path for path in environments.iterdir() if path.is_dir()]


def _programs_of_processes() -> list[str]:
    """Return the first words of all command lines: in a virtual environment, the path of its Python."""
    lines = (process.info["cmdline"] for process in psutil.process_iter(["cmdline"]))
    return [line[0] for line in lines if line]
