"""Consoles and progress lines. Results go to standard output, progress to standard error."""

from __future__ import annotations

import time

from rich.console import Console

from harness.engines.base import Progress


def results() -> Console:
    """Console for what was asked for."""
    return Console(highlight=False, soft_wrap=True)


def messages() -> Console:
    """Console for progress and remarks."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def progress(console: Console) -> Progress:
    """Return a callback that prints each step with the seconds since the first one."""
    began = time.monotonic()

    def show(line: str) -> None:
        console.print(f"[{time.monotonic() - began:6.1f} s] {line}", markup=False)

    return show
