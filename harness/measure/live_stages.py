"""How long the stages of delivered files took, so far in a run: counts in fixed steps, for a monitor.

The final figures are those of `stages`, exact and of all files. Here a negative time (two clocks, or an
answer that comes after the work behind it has begun) counts as none.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from harness.measure.ledger import LedgerEntry
from harness.measure.rows import Row
from harness.measure.stages import STAGES

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Upper bounds, each included: Prometheus's own steps, and longer ones for a backlog."""


@dataclass
class StageCounts:
    """One stage: how many files took as long as each bound, and longer than the one before it."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """The last is of those that took longer than every bound."""
    sum_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds


class LiveStages:
    """All stages of one run."""

    def __init__(self) -> None:
        self._stages: dict[str, StageCounts] = {}

    def add(self, entry: LedgerEntry, row: Row) -> None:
        """Add a file that was delivered; stages whose moments nobody told are left out."""
        for stage, (begin, end) in STAGES.items():
            began_at, ended_at = _moment(begin, entry, row), _moment(end, entry, row)
            if began_at is not None and ended_at is not None:
                self._stages.setdefault(stage, StageCounts()).add(max(0.0, ended_at - began_at))

    def to_json(self) -> dict[str, Any]:
        """Return the stages that any file had: bounds in seconds, counts for each, and the sum of all."""
        return {
            stage: {"bounds_s": BOUNDS_S, "counts": list(found.counts), "sum_s": round(found.sum_s, 6)}
            for stage, found in self._stages.items()
        }


def _moment(name: str, entry: LedgerEntry, row: Row) -> float | None:
    if name in ("intended_at", "started_at"):
        found: float | None = getattr(entry, name)
        return found
    return entry.ended_at if name == "closed_at" else getattr(row, name)
