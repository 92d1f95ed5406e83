"""What became of files that were brought back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.deadletters.letters import rows_of
from harness.measure.rows import FAILED, SUPERSEDED, TRANSFERRED
from harness.stack.description import StackDescription

_LOOK_EVERY_S = 0.5
_ENDS = frozenset({TRANSFERRED, SUPERSEDED, FAILED})


@dataclass(frozen=True)
class Outcomes:
    """Counts by status of the row, and of those that failed again by cause."""

    by_status: Counter[str]
    failed_again: Counter[str]

    @property
    def all_delivered(self) -> bool:
        return not set(self.by_status) - {TRANSFERRED, SUPERSEDED}


def wait(
    description: StackDescription,
    file_ids: Sequence[str],
    wait_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> Outcomes:
    """Wait until each file has an end, `wait_s` at most, and say which.

    :raises StackLostError: the engine does not answer
    :raises AwsError: the table cannot be read
    """
    deadline = time.monotonic() + wait_s
    while True:
        outcomes = _look(description, file_ids)
        left_s = deadline - time.monotonic()
        if left_s <= 0 or set(outcomes.by_status) <= _ENDS:
            return outcomes
        pause(min(_LOOK_EVERY_S, left_s))


def _look(description: StackDescription, file_ids: Sequence[str]) -> Outcomes:
    rows = rows_of(description, file_ids)
    found = [rows.get(file_id) for file_id in dict.fromkeys(file_ids)]
    return Outcomes(
        Counter((row.status if row else None) or "without a row" for row in found),
        Counter(row.error_type or "unknown" for row in found if row and row.status == FAILED),
    )
