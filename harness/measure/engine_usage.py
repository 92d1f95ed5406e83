"""What an engine tells about its CPU and memory, where its processes are not found by their records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.engines.base import ReadUsage, Usage
from harness.exceptions import FloodgateError


class EngineUsage:
    """Asks again and again; an engine, or a role, that tells nothing this time counts as unchanged.

    :param read: None where the engine tells nothing
    """

    def __init__(self, read: ReadUsage | None) -> None:
        self._read = read
        self._first_cpu_s: dict[str, float] = {}
        self._last: dict[str, Usage] = {}

    def latest(self) -> Mapping[str, Usage]:
        """Return what each role has used since it was first told of, in the order in which they were."""
        if self._read is None:
            return {}
        try:
            told = self._read()
        except FloodgateError:
            return self._last  # that the engine is gone is told by those who need it
        for role, use in told.items():
            before_s = self._first_cpu_s.setdefault(role, use.cpu_s)
            self._last[role] = replace(use, cpu_s=use.cpu_s - before_s)
        return self._last
