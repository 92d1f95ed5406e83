"""The live line of a run: rewritten in place on a terminal, one line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from harness.measure.follow import Snapshot

_PLAIN_INTERVAL_S = 10.0


class LiveLine:
    """Shows one line about the run; a context manager so that the terminal is always left clean.

    :param mirror: told each line, too
    """

    def __init__(self, console: Console, mirror: Callable[[str], None] | None = None) -> None:
        self._console = console
        self._mirror = mirror
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._began = time.monotonic()
        self._shown_at = -_PLAIN_INTERVAL_S

    def __enter__(self) -> LiveLine:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Show the newest numbers."""
        self.say(describe(snapshot))

    def say(self, line: str) -> None:
        """Show a line of text with the time since the start."""
        elapsed_s = time.monotonic() - self._began
        text = f"{_minutes(elapsed_s)}  {line}"
        if self._mirror is not None:
            self._mirror(text)
        if self._console.is_terminal:
            self._live.update(Text(text), refresh=True)
        elif elapsed_s - self._shown_at >= _PLAIN_INTERVAL_S:
            self._shown_at = elapsed_s
            self._console.print(text, markup=False)


def describe(snapshot: Snapshot) -> str:
    """Return the numbers of one snapshot as a line of text."""
    p99 = "-" if snapshot.p99_ms is None else f"{snapshot.p99_ms / 1000:.2f} s"
    failures = sum(snapshot.failures.values())
    line = (
        f"offered {snapshot.offered}  uploaded {snapshot.uploaded}  delivered {snapshot.delivered}  "
        f"backlog {snapshot.backlog}  failures {failures}  p99 {p99}"
    )
    return f"{line}  not started {snapshot.not_started}" if snapshot.not_started else line


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
