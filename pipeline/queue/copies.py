"""Copies the tasks of a batch: chains side by side, the tasks of a chain in order."""

from __future__ import annotations

import copy
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Executor, Future, wait

from pipeline.common.deadline import Deadline, DeadlineReachedError
from pipeline.queue.tasks import Chain, Task
from pipeline.transfer.copying import Copier

_LOOK_INTERVAL_S = 0.5


class Copies:
    """Copies until the deadline.

    :param pool: threads for the chains
    :param max_receives: after so many receives a message that fails goes to the dead-letter queue
    """

    def __init__(self, copier: Copier, pool: Executor, deadline: Deadline, *, max_receives: int) -> None:
        self._copier = copier
        self._pool = pool
        self._deadline = deadline
        self._max_receives = max_receives

    def run(self, chains: Sequence[Chain]) -> None:
        """Copy what has been claimed, and note in each task what came of it.

        A copy that still runs at the deadline is given up here, not stopped; finishing later does no harm,
        because the next attempt finds it done. The batch keeps to the state of now.
        """
        futures = [self._pool.submit(self._copy_in_order, chain.tasks) for chain in chains]
        self._wait(futures)
        for future, chain in zip(futures, chains, strict=True):
            future.cancel()
            chain.tasks = [copy.copy(task) for task in chain.tasks]

    def _wait(self, futures: Sequence[Future[None]]) -> None:
        """Wait for all, looking at the deadline now and then: it may be cut."""
        pending: Collection[Future[None]] = futures
        while pending and (remaining_s := self._deadline.remaining_s()):
            pending = wait(pending, timeout=min(remaining_s, _LOOK_INTERVAL_S)).not_done

    def blocks(self, task: Task) -> bool:
        """Tell whether a task's failure holds up those behind it, which must not be done before it.

        One that leaves for the dead-letter queue now does not.
        """
        return task.is_open or (task.failed and task.receive_count < self._max_receives)

    def _copy_in_order(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.held:
                self._copy(task)
            if self.blocks(task):
                return

    def _copy(self, task: Task) -> None:
        assert task.upload is not None
        started = time.monotonic()
        try:
            self._deadline.check()
            task.copied = self._copier.copy(task.upload, self._deadline)
        except DeadlineReachedError as exc:
            task.problem = None if self._deadline.is_cut else exc
        except Exception as exc:  # noqa: BLE001  (noted: whatever it is, it concerns this file alone)
            task.problem = exc
        task.duration_s = time.monotonic() - started
