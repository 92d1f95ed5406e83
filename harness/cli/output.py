"""Consoles and progress lines. Results go to standard output, progress to standard error."""

from __future__ import annotations

import os
import time

from rich.console import Console

from harness.engines.base import Progress


class _Console(Console):
    """Goes on in silence when its reader has gone (`| head`).

    rich's own leaves the program with exit code 1 at that moment: in the middle of a run, or at its end
    instead of the exit code that tells whether a file was lost.
    """

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


def results() -> Console:
    """Console for what was asked for."""
    return _Console(highlight=False, soft_wrap=True)


def messages() -> Console:
    """Console for progress and remarks."""
    return _Console(stderr=True, highlight=False, soft_wrap=True)


def progress(console: Console) -> Progress:
    """Return a callback that prints each step with the seconds since the first one."""
    began = time.monotonic()

    def show(line: str) -> None:
        console.print(f"[{time.monotonic() - began:6.1f} s] {line}", markup=False)

    return show
