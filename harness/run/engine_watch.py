"""Noticing in mid-run that an engine in a container has died: no process of this machine shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness.engines.base import Engine, EngineInfo
from harness.engines.registry import attached, runs_elsewhere
from harness.exceptions import EnvironmentNotReadyError

EVERY_S = 2.0


class EngineWatch:
    """Asks now and then.

    :param engine: attached to its stack's folder; None where its process is watched like the others
    """

    def __init__(
        self,
        engine: Engine | None,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._every_s = every_s
        self._clock = clock
        self._asked_at = float("-inf")
        self._died = False

    @classmethod
    def of(cls, info: EngineInfo, state_dir: Path) -> EngineWatch:
        """Return the watch over the engine of a stack."""
        return cls(attached(info.label, state_dir) if runs_elsewhere(info.label) else None)

    def has_died(self) -> bool:
        """Tell whether it has; an engine that nobody can be asked about any more counts as dead."""
        if self._engine is None or self._died or self._clock() - self._asked_at < self._every_s:
            return self._died
        try:
            self._died = not self._engine.is_running()
        except EnvironmentNotReadyError:
            self._died = True
        self._asked_at = self._clock()
        return self._died
