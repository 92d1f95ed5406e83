"""Partial uploads in a batch: their copies are taken back, whoever has made them.

The quarantine marks the row first and then looks for a copy. A worker writes the row last, so one of the two
always sees what the other has done.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.queue.tasks import Task
from pipeline.records.batched import BatchedTable
from pipeline.transfer.withdrawing import Withdrawal

logger = Logger(child=True)


class Withdrawals:
    """Takes back what the tasks of one batch have copied of partial uploads.

    :param claimed_by: the holder that speaks
    """

    def __init__(self, withdrawal: Withdrawal, table: BatchedTable, *, claimed_by: str) -> None:
        self._withdrawal = withdrawal
        self._table = table
        self._claimed_by = claimed_by

    def run(self, tasks: Iterable[Task]) -> frozenset[str]:
        """Return the names of those whose messages must come again, because a copy may still appear."""
        return frozenset(task.name for task in tasks if not self._is_done(task))

    def _is_done(self, task: Task) -> bool:
        assert task.upload is not None
        about = {"file_id": task.upload.file_id, "key": task.upload.key}
        # What failed or was given up may be done by S3 all the same, later than this look.
        may_follow = task.failed or task.is_open
        try:
            count = self._withdrawal.withdraw(task.upload)
            if task.held and not may_follow:
                self._table.stand_down(task.upload.file_id, self._claimed_by)
        except (ClientError, BotoCoreError) as exc:
            logger.error("Copy of a partial upload not taken back", extra=about, exc_info=exc)
            return False
        logger.warning("Partial upload", extra={**about, "copies_taken_back": count})
        return not may_follow
