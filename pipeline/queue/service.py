"""What a worker keeps between batches, and how it handles one batch of SQS messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from pipeline.common.clients import config
from pipeline.common.deadline import Deadline
from pipeline.common.events import Delivery
from pipeline.common.settings import WorkerSettings
from pipeline.queue.batch import Batch
from pipeline.queue.retries import Retries
from pipeline.records.batched import BatchedTable
from pipeline.transfer.copying import Copier
from pipeline.transfer.withdrawing import Withdrawal


class TransferService:
    """Clients with their connections, and threads. Made once, and used by one batch after the other.

    :param batches: batches that are handled at the same time
    """

    def __init__(self, settings: WorkerSettings, *, batches: int = 1) -> None:
        self.settings = settings
        records = batches * settings.record_concurrency
        shared = config(settings, connections=records + settings.part_concurrency + batches)
        self._record_pool = ThreadPoolExecutor(records, "record")
        self._part_pool = ThreadPoolExecutor(settings.part_concurrency, "part")
        s3 = boto3.client("s3", config=shared)
        self._copier = Copier(s3, settings, self._part_pool)
        self._withdrawal = Withdrawal(s3, settings.destination_bucket)
        self._table = BatchedTable(boto3.client("dynamodb", config=shared), settings)
        self.retries = Retries(boto3.client("sqs", config=shared), settings)

    def handle(self, event: Mapping[str, Any], remaining_s: float, *, claimed_by: str) -> dict[str, Any]:
        """Handle one invocation; return the answer that Lambda's event source mapping expects.

        :param remaining_s: time until Lambda ends the invocation
        """
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        failed = self.transfer(event["Records"], deadline, claimed_by=claimed_by)
        self.retries.soon(failed)
        return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}

    def transfer(
        self, records: Sequence[Mapping[str, Any]], deadline: Deadline, *, claimed_by: str
    ) -> list[Delivery]:
        """Handle records; return those whose messages must come again."""
        batch = Batch(
            self._copier,
            self._table,
            self._record_pool,
            deadline,
            withdrawal=self._withdrawal,
            claimed_by=claimed_by,
            max_attempts=self.settings.max_attempts,
        )
        return batch.run(records)
