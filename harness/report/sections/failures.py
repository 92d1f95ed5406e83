"""Causes of failure with examples that can be followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CAUSES_SHOWN = 40
"""More causes than anyone reads; a page must not grow with what an engine can think of."""


@dataclass(frozen=True)
class Example:
    """One file of a cause."""

    ledger_id: str
    key: str


@dataclass(frozen=True)
class FailureRow:
    """One cause; examples by their message, which most of them share."""

    stage: str
    cause: str
    count: int
    examples: Mapping[str, Sequence[Example]]


def rows(summary: Mapping[str, Any]) -> list[FailureRow]:
    """Return the causes that are shown, the most frequent first."""
    return [_row(failure) for failure in summary["failures"][:CAUSES_SHOWN]]


def left_out(summary: Mapping[str, Any]) -> int:
    """Return how many causes are only in `summary.json`."""
    return max(0, len(summary["failures"]) - CAUSES_SHOWN)


def _row(failure: Mapping[str, Any]) -> FailureRow:
    examples: dict[str, list[Example]] = {}
    for found in failure["examples"]:
        examples.setdefault(found["message"], []).append(Example(found["ledger_id"], found["key"]))
    return FailureRow(failure["stage"], failure["cause"], failure["count"], examples)
