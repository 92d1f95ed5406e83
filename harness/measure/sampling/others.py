"""How busy the machine is with programs that are not the run's: they make two runs unlike."""

from __future__ import annotations

from collections.abc import Iterable

from harness.measure.resources import ResourceSampler
from harness.measure.sampling.readings import Reading

NAME = "machine.others"


class OthersSource:
    """Tells the cores that others kept busy, from what the sampler of resources sees."""

    def __init__(self, resources: ResourceSampler) -> None:
        self._resources = resources
        self._before: tuple[float, float] | None = None

    def read(self, _at: float) -> Iterable[Reading]:
        """Return the mean over the time between two looks of the sampler; see `Source`."""
        before, found = self._before, self._resources.others
        self._before = found
        if before is None or found is None or found[0] <= before[0]:
            return ()
        return [Reading(NAME, "cores", max(0.0, (found[1] - before[1]) / (found[0] - before[0])))]
