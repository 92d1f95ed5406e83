"""One lock per table.

LocalStack serves requests in many threads, and moto checks a condition and stores the item in separate steps.
Without a lock two conditional puts of one key can both find nothing and both win.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

_LockKey = tuple[str, str, str]


class TableLocks:
    """Locks by account, region and table name, made on first use and kept."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[_LockKey, threading.RLock] = {}  # type: ignore[valid-type, unused-ignore]

    @contextmanager
    def held(self, account_id: str, region: str, table_names: Iterable[str]) -> Iterator[None]:
        """Hold the locks of all named tables, always taken in the order of their names (no deadlock)."""
        with ExitStack() as stack:
            for name in sorted(set(table_names)):
                stack.enter_context(self._lock_of((account_id, region, name)))
            yield

    def _lock_of(self, key: _LockKey) -> threading.RLock:  # type: ignore[valid-type, unused-ignore]
        with self._guard:
            return self._locks.setdefault(key, threading.RLock())


def plain_table_name(name_or_arn: str) -> str:
    """Return the table name of a name or of an ARN: both name the same table and so the same lock."""
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    return name_or_arn.split(":", 5)[5].split("/")[1]
