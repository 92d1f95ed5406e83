"""Waiting at the end of a run until the pipeline is quiet, and no longer than that.

Quiet is: every file has its end, no message waits, no execution runs. What will never get an end by itself
(dead letters without a row, executions that failed without one) is recognised, so that it does not hold up
the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.engines.base import Progress
from harness.measure.evidence import EvidenceSource
from harness.measure.follow import Follower, Snapshot
from harness.measure.holding import Executions, Messages

_POLL_S = 0.25
_ROWS_PER_POLL = 1000
_EXPLAIN_EVERY_S = 3.0
"""Listing dead letters and executions is dear."""


def wait_until_quiet(
    follower: Follower,
    source: EvidenceSource,
    *,
    wait_s: float,
    progress: Progress,
    give_up: Callable[[], bool] = lambda: False,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Return whether nothing was under way any more before the time was over."""
    explanations = _Explanations(follower, source)
    deadline = time.monotonic() + wait_s
    while True:
        snapshot = follower.poll(_ROWS_PER_POLL, fresh_depths=True)
        if _is_over(snapshot, follower, explanations):
            return True
        left_s = deadline - time.monotonic()
        if left_s <= 0 or give_up():
            return False
        progress(_text(snapshot, left_s))
        pause(min(_POLL_S, left_s))


def _is_over(snapshot: Snapshot, follower: Follower, explanations: _Explanations) -> bool:
    if snapshot.queue_depth != 0 or follower.executions_run() is not False:
        return False
    return snapshot.quiet or explanations.suffice(snapshot)


def _text(snapshot: Snapshot, left_s: float) -> str:
    depth = "?" if snapshot.queue_depth is None else snapshot.queue_depth
    if snapshot.partial and not snapshot.backlog:
        return f"settling: {snapshot.partial} partial files are not in quarantine yet, {left_s:.0f} s left"
    return f"settling: {snapshot.backlog} files under way, {depth} messages queued, {left_s:.0f} s left"


class _Explanations:
    """Whether all files without an end are where nobody will work on them any more."""

    def __init__(self, follower: Follower, source: EvidenceSource) -> None:
        self._follower = follower
        self._source = source
        self._asked_at = float("-inf")

    def suffice(self, snapshot: Snapshot) -> bool:
        follower = self._follower
        if (
            follower.partials
            or len(follower.outstanding) < snapshot.backlog
            or not (snapshot.dead_letters or follower.has_machines)
        ):
            return False
        if time.monotonic() - self._asked_at < _EXPLAIN_EVERY_S:
            return False
        self._asked_at = time.monotonic()
        return self._all_explained()

    def _all_explained(self) -> bool:
        dead = Messages(self._source.dead_letters() + self._source.undelivered())
        failed = Executions(
            execution
            for execution in self._source.executions(self._follower.began_at).executions
            if execution.is_failed
        )
        return all(
            waiting.failed_at is not None
            or dead.find(waiting.version_id, waiting.entry.key)
            or failed.find(file_id, waiting.version_id, waiting.entry.key)
            for file_id, waiting in self._follower.outstanding.items()
        )
