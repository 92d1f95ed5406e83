"""What the engine itself has to do with a run: the faults that it is told to make, and its count of calls."""

from __future__ import annotations

from collections.abc import Sequence

from harness import faults
from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError, UsageError
from harness.faults import FaultCount, FaultRule
from harness.measure.calls import Calls, per_file


class EngineView:
    """One run's view of its engine.

    Faults of this run come besides those that a kept stack has already, and go away at its end.
    """

    def __init__(self, engine: EngineInfo, rules: Sequence[FaultRule], seed: int) -> None:
        self._engine = engine
        self._rules = rules
        self._seed = seed
        self._kept: list[FaultRule] = []
        self._before: Calls | None = None
        self._after: Calls | None = None
        self.faults: list[FaultCount] = []
        """Rules and how often they were met, as of `take`."""

    def begin(self) -> None:
        """Set the faults, whose time windows begin now, and note the calls so far.

        :raises UsageError: there are faults, and the engine cannot make any
        :raises StackLostError: the engine does not answer
        """
        if self._rules:
            self._kept = faults.parse([count.text for count in faults.listing(self._engine)])
            faults.add(self._engine, self._rules, self._seed)
        self._before = registry.call_counts(self._engine)

    def take(self) -> None:
        """Note what was called and which faults were met; to be done when all is quiet."""
        try:
            self._after = registry.call_counts(self._engine)
            self.faults = faults.listing(self._engine)
        except (UsageError, StackLostError, AwsError):
            return  # an engine without a fault layer, or one that is gone, which is told elsewhere

    def end(self) -> None:
        """Remove this run's faults, and leave those that were there."""
        if not self._rules:
            return
        try:
            faults.apply(self._engine, self._kept, self._seed)
        except (StackLostError, AwsError):
            return  # the engine is gone, and its faults with it

    def calls_per_file(self, files: int) -> dict[str, float] | None:
        """Return the calls of the load by `service.Operation`; `None` where nobody counts.

        :param files: uploaded files
        """
        return per_file(self._before, self._after, files)
