"""Figures that the live follower knows anyway, whatever engine the run is on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.measure.follow import Follower
from harness.measure.sampling.readings import Reading


class FollowerSource:
    """Tells the follower's last snapshot.

    :param counts_queues: also the depths of queues, which take the place of the engine's own figures
    """

    def __init__(self, follower: Follower, *, counts_queues: bool) -> None:
        self._follower = follower
        self._counts_queues = counts_queues
        self._told_at: float | None = None

    def read(self, _at: float) -> Iterable[Reading]:
        """Return what the follower has learnt since the last look; see `Source`."""
        snapshot = self._follower.latest
        if snapshot is None or snapshot.at == self._told_at:
            return ()
        self._told_at = snapshot.at
        readings = [Reading("backlog.oldest_age", "s", snapshot.oldest_age_s or 0.0)]
        if self._counts_queues:
            readings += _depths(snapshot.queue_depth, snapshot.dead_letters)
        return readings


def _depths(waiting: int | None, dead: int | None) -> Iterator[Reading]:
    if waiting is not None:
        yield Reading("queue.work.depth", "messages", waiting)
    if dead is not None:
        yield Reading("queue.dlq.depth", "messages", dead)
