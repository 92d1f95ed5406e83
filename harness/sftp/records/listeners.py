"""Who is told of what sessions do, besides their log."""

from __future__ import annotations

from collections.abc import Callable

from harness.sftp.records.events import Happening

Hear = Callable[[Happening], None]
"""Must not wait."""


class Listeners:
    """The same for all sessions of a server; also counts those that are open."""

    def __init__(self, *hear: Hear) -> None:
        self.open_sessions = 0
        self._hear = hear

    def add(self, *hear: Hear) -> None:
        self._hear += hear

    def connected(self) -> None:
        self.open_sessions += 1

    def disconnected(self) -> None:
        self.open_sessions -= 1

    def happened(self, happening: Happening) -> None:
        for hear in self._hear:
            hear(happening)
