"""One batch of SQS messages: claim all uploads, copy them, write how they ended; two calls for all the rows.

Each message ends for itself. Returned, to come again, are those whose copy failed or whose row could not be
written, and in a FIFO queue all that stand behind such a one in their group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from aws_lambda_powertools import Logger

from pipeline.common import clock
from pipeline.common.deadline import Deadline, DeadlineReachedError
from pipeline.common.events import Delivery
from pipeline.queue import tasks
from pipeline.queue.copies import Copies
from pipeline.queue.tasks import Chain, Task
from pipeline.queue.withdrawals import Withdrawals
from pipeline.records import states
from pipeline.records.batched import BatchedTable, Ended, Held, Lost, Settled, Withdrawn, Written
from pipeline.records.changes import Claim, Ending
from pipeline.records.errors import error_type
from pipeline.records.metrics import Tally
from pipeline.transfer.copying import Copier, SupersededError
from pipeline.transfer.withdrawing import Withdrawal

logger = Logger(child=True)


class Batch:
    """Handles one batch of records.

    :param claimed_by: who handles it, for the rows: Lambda request id, or ECS task and batch
    :param max_attempts: the attempt that leaves a row `failed`; also the queue's maximal receive count
    """

    def __init__(
        self,
        copier: Copier,
        table: BatchedTable,
        pool: Executor,
        deadline: Deadline,
        *,
        withdrawal: Withdrawal,
        claimed_by: str,
        max_attempts: int,
    ) -> None:
        self._table = table
        self._withdrawals = Withdrawals(withdrawal, table, claimed_by=claimed_by)
        self._unsure: frozenset[str] = frozenset()
        self._deadline = deadline
        self._copies = Copies(copier, pool, deadline, max_receives=max_attempts)
        self._claimed_by = claimed_by
        self._max_attempts = max_attempts
        self._tally = Tally()

    def run(self, records: Sequence[Mapping[str, Any]]) -> list[Delivery]:
        """Handle all records; return those whose messages must come again, in the order of receipt."""
        chains = tasks.read(records)
        self._claim(chains)
        self._copies.run(chains)
        ended = self._write(chains)
        self._unsure = self._withdrawals.run(self._partial(chains, ended))
        returned = [delivery for chain in chains for delivery in self._returned(chain, ended)]
        self._tally.publish()
        extra = {"messages": len(records), "returned": len(returned), **self._tally.counts()}
        file_ids = [task.upload.file_id for task in _all(chains) if task.upload]
        logger.info("Batch done", extra={**extra, "file_ids": file_ids})
        return returned

    def _claim(self, chains: Sequence[Chain]) -> None:
        now = clock.now_iso()
        wishes = {
            task.name: Claim(task.upload, self._claimed_by, now, task.deliveries[0])
            for task in _all(chains)
            if task.upload
        }
        outcomes = self._table.claim(list(wishes.values())) if wishes else {}
        for task in _all(chains):
            outcome = outcomes.get(task.name)
            if isinstance(outcome, Held):
                task.held = outcome
            elif isinstance(outcome, Settled):
                logger.info("Already done", extra={**_about(task), "status": outcome.row.status})
            elif isinstance(outcome, Withdrawn):
                task.was_tried = outcome.row.attempts > 0
                logger.info("Already handled", extra={**_about(task), "reason": "partial upload"})
            elif outcome is not None:
                task.problem = outcome
                logger.error("Not claimed", extra=_about(task), exc_info=outcome)

    def _partial(self, chains: Sequence[Chain], ended: Mapping[str, Ended]) -> Iterator[Task]:
        """Yield partial uploads of which a copy may exist: this batch has tried them, or an earlier one."""
        for task in _all(chains):
            if isinstance(ended.get(task.name), Withdrawn) or task.was_tried:
                yield task

    def _write(self, chains: Sequence[Chain]) -> dict[str, Ended]:
        """Write the end of each attempt, and give back what was claimed but not tried."""
        endings: list[tuple[Held, Ending]] = []
        untried: list[Held] = []
        for chain in chains:
            is_blocked = False
            for task in chain.tasks:
                if task.held and (is_blocked or (task.is_open and self._deadline.is_cut)):
                    untried.append(task.held)
                elif task.held:
                    endings.append((task.held, self._ending(task, task.held)))
                is_blocked = is_blocked or self._copies.blocks(task)
        written = self._table.end(endings) if endings else {}
        self._count(chains, endings, written)
        return written | (self._table.release(untried) if untried else {})

    def _ending(self, task: Task, held: Held) -> Ending:
        if task.is_open:
            task.problem = DeadlineReachedError("the time was used up while this file was copied")
        ending = Ending(
            file_id=held.row.file_id,
            status=self._status(task, held),
            claimed_by=self._claimed_by,
            at=clock.now_iso(),
            attempt=held.row.attempts,
            may_have_error=held.row.has_error,
            **_facts(task),
        )
        if ending.status in (states.FAILED, states.QUEUED):
            reason = {"error_type": ending.error_type, "error_message": ending.error_message}
            counted = {"attempt": held.row.attempts, "receive_count": task.receive_count}
            logger.error("Transfer failed", extra={**_about(task), **reason, **counted})
        return ending

    def _status(self, task: Task, held: Held) -> str:
        if task.problem is None:
            return states.TRANSFERRED
        if isinstance(task.problem, SupersededError):
            return states.SUPERSEDED
        return states.FAILED if held.row.attempts >= self._max_attempts else states.QUEUED

    def _returned(self, chain: Chain, ended: Mapping[str, Ended]) -> Iterator[Delivery]:
        is_blocked = False
        for task in chain.tasks:
            comes_again = self._comes_again(task, ended.get(task.name))
            if comes_again or (is_blocked and not task.is_settled):
                yield from task.deliveries
            is_unwritten = comes_again and task.copied is not None
            is_blocked = is_blocked or is_unwritten or self._copies.blocks(task)

    def _comes_again(self, task: Task, outcome: Ended | None) -> bool:
        if isinstance(outcome, Exception):
            logger.error("Row not written", extra=_about(task), exc_info=outcome)
            return True
        if isinstance(outcome, Withdrawn) or task.was_tried:
            return task.name in self._unsure
        if isinstance(outcome, Settled):
            return False
        if isinstance(outcome, Lost):
            logger.warning("Another attempt is at work", extra={**_about(task), "by": outcome.row.claimed_by})
        return task.failed or task.is_open

    def _count(
        self, chains: Sequence[Chain], endings: Sequence[tuple[Held, Ending]], written: Mapping[str, Ended]
    ) -> None:
        by_name = {task.name: task for task in _all(chains)}
        for _, ending in endings:
            task = by_name[ending.file_id]
            if isinstance(written[ending.file_id], Written) and task.upload:
                self._tally.add(ending.status, task.upload.size_bytes, task.duration_s)


def _facts(task: Task) -> dict[str, Any]:
    if task.problem is not None:
        return {"error_type": error_type(task.problem), "error_message": str(task.problem)}
    assert task.copied is not None
    facts = {
        "transfer_timestamp": task.copied.copied_at,
        "destination_version_id": task.copied.destination_version_id,
    }
    return {**facts, "further": {"sha256": task.copied.sha256} if task.copied.sha256 else {}}


def _about(task: Task) -> dict[str, str]:
    return {"file_id": task.name, "key": task.upload.key if task.upload else ""}


def _all(chains: Sequence[Chain]) -> Iterator[Task]:
    return (task for chain in chains for task in chain.tasks)
