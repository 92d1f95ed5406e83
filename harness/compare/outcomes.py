"""How files ended, on both sides: is a bad end more frequent than by chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.compare.runs import Run
from harness.compare.statistics.shares import chance_of_more

UNLIKELY = 0.005
_DEFECTS = ("lost", "duplicated", "corrupted")
_BAD_ENDS = ("unexpected", "failed", "dlq", "upload_failed", "aborted", "in_flight", "superseded")
_SHOWN_ONLY = frozenset({"superseded"})
"""What becomes of files that their senders replaced or removed."""


@dataclass(frozen=True)
class OutcomeChange:
    """Files of one end, of all runs of a side together."""

    name: str
    base: int
    base_offered: int
    new: int
    new_offered: int
    chance: float
    """How likely so many on the new side are if nothing has changed (Fisher's exact test)."""
    is_regression: bool


def outcome_changes(base: Sequence[Run], new: Sequence[Run]) -> list[OutcomeChange]:
    """Return every bad end that the summaries of both sides count."""
    shared = [name for name in (*_DEFECTS, *_BAD_ENDS) if all(_has(run, name) for run in [*base, *new])]
    return [_change(name, base, new) for name in shared]


def _has(run: Run, name: str) -> bool:
    return name in run.summary["files"]


def _change(name: str, base: Sequence[Run], new: Sequence[Run]) -> OutcomeChange:
    before, before_of = _sum(base, name), _sum(base, "offered")
    after, after_of = _sum(new, name), _sum(new, "offered")
    chance = chance_of_more(before, before_of, after, after_of)
    # One file lost where none was is no chance: the pipeline promises that there is none.
    first_defect = name in _DEFECTS and after > 0 and before == 0
    more = chance < UNLIKELY and name not in _SHOWN_ONLY
    return OutcomeChange(name, before, before_of, after, after_of, chance, is_regression=first_defect or more)


def _sum(runs: Sequence[Run], name: str) -> int:
    return sum(run.summary["files"][name] for run in runs)
