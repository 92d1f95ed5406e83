"""Totals of executions by state machine, from the start of this LocalStack on. Imports nothing of it."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict

RUNNING = "RUNNING"


class ExecutionTotals:
    """Totals by ARN of the state machine and by status."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def changed(self, machine_arn: str, status: str) -> None:
        """Count that an execution has got a new status; each has RUNNING first."""
        with self._lock:
            self._counts[machine_arn][status] += 1

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return `started`, `running` and `failed` of each machine. A stopped execution counts as failed."""
        with self._lock:
            return {arn: _described(counts) for arn, counts in self._counts.items()}


def _described(counts: Counter[str]) -> dict[str, int]:
    started = counts[RUNNING]
    ended = counts.total() - started
    failed = ended - counts["SUCCEEDED"]
    return {"started": started, "running": max(0, started - ended), "failed": failed}


EXECUTIONS = ExecutionTotals()
"""Of this LocalStack."""
