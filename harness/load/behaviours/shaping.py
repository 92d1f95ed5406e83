"""What a behaviour changes in the offer itself: names, sessions, contents, and what is expected."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.load.behaviours import poison
from harness.load.behaviours.model import Aborted, Behaviour, Duplicate, Poison, TempRename, by_kind
from harness.load.ledger_format import DEFAULT_KIND

if TYPE_CHECKING:
    from harness.load.plan import Arrival


class Shaper:
    """Shapes the arrivals of one run. All of them go through it, in order: some depend on earlier ones."""

    def __init__(self, behaviours: Sequence[Behaviour]) -> None:
        self._behaviours = by_kind(behaviours)
        self._poisoned = 0
        self._recent: deque[Arrival] = deque()
        """Plain files that are too young to be sent again."""
        self._original: Arrival | None = None

    def shaped(self, arrival: Arrival) -> Arrival:
        """Return the arrival as its `kind` wants it."""
        behaviour = self._behaviours.get(arrival.kind)
        if behaviour is None:
            self._remember(arrival)
            return arrival
        arrival = replace(arrival, expects=behaviour.expects)
        if isinstance(behaviour, TempRename):
            return replace(arrival, temp_suffix=behaviour.suffix)
        if isinstance(behaviour, Aborted):
            # Its session dies with it, which must not take the uploads of others along.
            return replace(arrival, fresh_session=True)
        if isinstance(behaviour, Poison):
            return self._poison(arrival, behaviour)
        return self._duplicate(arrival, behaviour) if isinstance(behaviour, Duplicate) else arrival

    def _poison(self, arrival: Arrival, behaviour: Poison) -> Arrival:
        way = behaviour.ways[self._poisoned % len(behaviour.ways)]
        self._poisoned += 1
        if way == "ragged_csv":
            size_bytes = max(arrival.size_bytes, poison.RAGGED_MIN_BYTES)
            return replace(arrival, ragged=True, size_bytes=size_bytes)
        return replace(arrival, path=poison.renamed(arrival.path, way), key=poison.renamed(arrival.key, way))

    def _remember(self, arrival: Arrival) -> None:
        if Duplicate.model_fields["kind"].default in self._behaviours:
            self._recent.append(arrival)

    def _duplicate(self, arrival: Arrival, behaviour: Duplicate) -> Arrival:
        """Take the place of an earlier file; the first files of a run find none and stay plain."""
        while self._recent and self._recent[0].offset_s <= arrival.offset_s - behaviour.after_s:
            self._original = self._recent.popleft()
        original = self._original
        if original is None:
            return replace(arrival, kind=DEFAULT_KIND)
        again = replace(arrival, path=original.path, key=original.key, customer_id=original.customer_id)
        if behaviour.content == "other":
            return again
        return replace(again, size_bytes=original.size_bytes, copy_of=original.sequence)
