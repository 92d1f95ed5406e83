"""What the service, its workers and its runs say: on the terminal, or into a log."""

from __future__ import annotations

import contextlib
import sys


def say(text: str) -> None:
    """Say a line. Where nobody reads any more, such as on a terminal that was closed, it is lost."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
