"""What an execution environment keeps between invocations, and how it handles one batch of SQS messages."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from pipeline.common import clock
from pipeline.common.deadline import Deadline
from pipeline.common.settings import WorkerSettings
from pipeline.queue.batch import Batch
from pipeline.queue.retries import Retries
from pipeline.records.metadata import MetadataTable
from pipeline.transfer.copying import Copier


class TransferService:
    """Clients with their connections, and threads. Made once, and used by one invocation after the other."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        config = _client_config(settings)
        self._record_pool = ThreadPoolExecutor(settings.record_concurrency, "record")
        self._part_pool = ThreadPoolExecutor(settings.part_concurrency, "part")
        self._copier = Copier(boto3.client("s3", config=config), settings, self._part_pool)
        self._table = MetadataTable(
            boto3.client("dynamodb", config=config), settings.table_name, settings.destination_bucket
        )
        self._retries = Retries(boto3.client("sqs", config=config), settings)

    def handle(self, event: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        """Handle one batch; return the answer that Lambda's event source mapping expects.

        :param remaining_s: time until Lambda ends the invocation
        """
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        batch = Batch(self._copier, self._table, self._record_pool, deadline, started_at=clock.now_iso())
        failed = batch.run(event["Records"])
        self._retries.soon(failed)
        return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}


def _client_config(settings: WorkerSettings) -> Config:
    """Few and short retries: a message that fails here is tried again by SQS, with its count kept."""
    return Config(
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=3,
        read_timeout=settings.read_timeout_s,
        max_pool_connections=settings.record_concurrency + settings.part_concurrency,
    )
