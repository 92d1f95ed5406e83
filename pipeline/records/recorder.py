"""Makes rows from the events of uploads, before any worker has seen them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common import clock
from pipeline.common.clients import config
from pipeline.common.events import MalformedRecordError, Upload, parse_delivery, parse_upload
from pipeline.common.settings import RecorderSettings
from pipeline.records import changes, states
from pipeline.records.batched import BatchedTable
from pipeline.records.rows import Columns

logger = Logger(child=True)


@dataclass(frozen=True)
class Recorder:
    """Inserts the rows of a batch."""

    table: BatchedTable
    settings: RecorderSettings

    @classmethod
    def from_settings(cls, settings: RecorderSettings) -> Recorder:
        return cls(BatchedTable(boto3.client("dynamodb", config=config(settings)), settings), settings)

    def record(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Make a row for each upload; return the ids of the messages that must come again."""
        rows: dict[str, Columns] = {}
        message_ids: dict[str, list[str]] = {}
        malformed: list[str] = []
        for record in records:
            try:
                upload = parse_upload(record["body"])
            except MalformedRecordError as exc:
                logger.error("Malformed message", extra={"reason": str(exc), "body": record["body"][:500]})
                malformed.append(record["messageId"])
                continue
            if upload.is_directory_marker:
                continue
            rows[upload.file_id] = self._row(upload, parse_delivery(record).queued_at)
            message_ids.setdefault(upload.file_id, []).append(record["messageId"])
        return malformed + [name for file_id in self._insert(rows) for name in message_ids[file_id]]

    def _row(self, upload: Upload, queued_at: str) -> Columns:
        """Return the row. One rule feeds both queues, so the work message was sent at the same time."""
        status = self.settings.recorded_status
        return changes.record(
            upload,
            status=status,
            queued_at=queued_at if status == states.QUEUED else None,
            at=clock.now_iso(),
            destination_bucket=self.settings.destination_bucket,
        )

    def _insert(self, rows: Mapping[str, Columns]) -> list[str]:
        errors = self.table.record(rows)
        for file_id, error in errors.items():
            logger.error("Row not written", extra={"file_id": file_id}, exc_info=error)
        return list(errors)
