"""Totals of Lambda functions, from the start of this LocalStack on. Imports nothing of LocalStack."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from floodgate_localstack.live.peaks import Concurrency


@dataclass
class _Function:
    concurrency: Concurrency = field(default_factory=Concurrency)
    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    duration_ms: float = 0.0


class FunctionTotals:
    """Totals by function name: this LocalStack has the functions of one account and region."""

    def __init__(self) -> None:
        self._functions: dict[str, _Function] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """An invocation that has its environment runs inside the block."""
        with self._lock:
            concurrency = self._functions.setdefault(name, _Function()).concurrency
        with concurrency.running():
            yield

    def invoked(self, name: str, duration_ms: float, *, is_error: bool) -> None:
        """Count one invocation that ran."""
        with self._lock:
            function = self._functions.setdefault(name, _Function())
            function.invocations += 1
            function.errors += is_error
            function.duration_ms += duration_ms

    def throttled(self, name: str) -> None:
        """Count one invocation that was refused."""
        with self._lock:
            self._functions.setdefault(name, _Function()).throttles += 1

    def to_json(self, since: float) -> dict[str, Any]:
        """Return all totals by name. `peak` is the highest concurrency since then (epoch seconds), and
        `busy_s` all running time: its growth divided by the time in between is the mean concurrency."""
        with self._lock:
            functions = dict(self._functions)
        return {name: _described(function, since) for name, function in functions.items()}


def _described(function: _Function, since: float) -> dict[str, Any]:
    running, peak, busy_s = function.concurrency.read(since)
    return {
        "invocations": function.invocations,
        "errors": function.errors,
        "throttles": function.throttles,
        "duration_ms": round(function.duration_ms, 3),
        "running": running,
        "peak": peak,
        "busy_s": round(busy_s, 3),
    }


FUNCTIONS = FunctionTotals()
"""Of this LocalStack."""
