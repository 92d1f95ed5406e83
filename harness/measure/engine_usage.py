"""What an engine tells about its CPU and memory, where its processes are not found by their records."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engines.base import ReadUsage, Usage
from harness.exceptions import FloodgateError


class EngineUsage:
    """Asks again and again; an engine that does not answer counts as unchanged.

    :param read: None where the engine tells nothing
    """

    def __init__(self, read: ReadUsage | None) -> None:
        self._read = read
        self._last: Mapping[str, Usage] = {}

    def latest(self) -> Mapping[str, Usage]:
        """Return what each role has used until now; nothing before the first answer."""
        if self._read is not None:
            try:
                self._last = self._read()
            except FloodgateError:
                return self._last  # that the engine is gone is told by those who need it
        return self._last
