"""One batch of SQS messages: parse, copy side by side, write the rows together.

Messages that carry the same upload are handled once, since a duplicate shares the fate of its twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from pipeline.common import clock
from pipeline.common.deadline import Deadline, DeadlineReachedError
from pipeline.common.events import Delivery, MalformedRecordError, Upload, parse_delivery, parse_upload
from pipeline.records import metadata
from pipeline.records.metadata import MetadataTable, Outcome
from pipeline.transfer.copying import Copied, Copier, SupersededError

logger = Logger(child=True)


class Batch:
    """Handles one invocation's records.

    :param started_at: when handling began, for the rows
    """

    def __init__(
        self, copier: Copier, table: MetadataTable, pool: Executor, deadline: Deadline, *, started_at: str
    ) -> None:
        self._copier = copier
        self._table = table
        self._pool = pool
        self._deadline = deadline
        self._started_at = started_at
        self._deliveries: dict[str, list[Delivery]] = {}
        self._failed: list[Delivery] = []

    def run(self, records: Sequence[Mapping[str, Any]]) -> list[Delivery]:
        """Handle all records; return those whose messages must be tried again."""
        outcomes = self._copy_all(self._uploads(records))
        unwritten = self._table.write(outcomes, clock.now_iso()) if outcomes else {}
        for outcome in outcomes:
            self._settle(outcome, unwritten.get(outcome.upload.file_id))
        logger.info("Batch done", extra=_counts(records, outcomes, self._failed))
        return self._failed

    def _uploads(self, records: Sequence[Mapping[str, Any]]) -> list[Upload]:
        uploads: dict[str, Upload] = {}
        for record in records:
            delivery = parse_delivery(record)
            try:
                upload = parse_upload(record["body"])
            except MalformedRecordError as exc:
                self._refuse(delivery, record["body"], exc)
                continue
            if upload.is_directory_marker:
                logger.info("Directory marker ignored", extra={"key": upload.key})
                continue
            uploads[upload.file_id] = upload
            self._deliveries.setdefault(upload.file_id, []).append(delivery)
        return list(uploads.values())

    def _refuse(self, delivery: Delivery, body: str, reason: MalformedRecordError) -> None:
        self._failed.append(delivery)
        extra = {"message_id": delivery.message_id, "reason": str(reason), "body": body[:500]}
        logger.error("Malformed message", extra=extra)

    def _copy_all(self, uploads: Sequence[Upload]) -> list[Outcome]:
        """Copy what can be copied before the deadline.

        A copy that still runs then is given up here, not stopped; finishing later does no harm, because
        the next attempt finds it done.
        """
        futures = [(upload, self._pool.submit(self._copy, upload)) for upload in uploads]
        wait([future for _, future in futures], timeout=self._deadline.remaining_s())
        return [self._outcome(upload, future) for upload, future in futures]

    def _copy(self, upload: Upload) -> Copied:
        self._deadline.check()
        return self._copier.copy(upload, self._deadline)

    def _outcome(self, upload: Upload, future: Future[Copied]) -> Outcome:
        if future.cancel() or not future.done():
            late = DeadlineReachedError("the invocation's time was used up while this file was copied")
            return self._ended(upload, metadata.FAILED, late)
        error = future.exception()
        if error is None:
            return self._transferred(upload, future.result())
        return self._ended(upload, _status_after(error), error)

    def _transferred(self, upload: Upload, copied: Copied) -> Outcome:
        return Outcome(
            upload=upload,
            delivery=self._deliveries[upload.file_id][0],
            status=metadata.TRANSFERRED,
            handler_started_at=self._started_at,
            transfer_timestamp=copied.copied_at,
            destination_version_id=copied.destination_version_id,
        )

    def _ended(self, upload: Upload, status: str, error: BaseException) -> Outcome:
        return Outcome(
            upload=upload,
            delivery=self._deliveries[upload.file_id][0],
            status=status,
            handler_started_at=self._started_at,
            error_type=_error_type(error),
            error_message=str(error),
        )

    def _settle(self, outcome: Outcome, unwritten: Exception | None) -> None:
        """Log what went wrong, and let the messages of a failed or unrecorded upload come again."""
        if outcome.status != metadata.FAILED and unwritten is None:
            return
        self._failed.extend(self._deliveries[outcome.upload.file_id])
        extra = {"file_id": outcome.upload.file_id, "key": outcome.upload.key, "status": outcome.status}
        if outcome.status == metadata.FAILED:
            receives = outcome.delivery.receive_count
            reason = {"error_type": outcome.error_type, "error_message": outcome.error_message}
            logger.error("Transfer failed", extra={**extra, **reason, "receive_count": receives})
        if unwritten is not None:
            logger.error("Row not written", extra=extra, exc_info=unwritten)


def _status_after(error: BaseException) -> str:
    return metadata.SUPERSEDED if isinstance(error, SupersededError) else metadata.FAILED


def _error_type(error: BaseException) -> str:
    """Return AWS's error code, or the exception's class: short, so that failures can be grouped by it."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__.removesuffix("Error")


def _counts(
    records: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome], failed: Sequence[Delivery]
) -> dict[str, Any]:
    statuses = [outcome.status for outcome in outcomes]
    known = (metadata.TRANSFERRED, metadata.SUPERSEDED, metadata.FAILED)
    return {
        "messages": len(records),
        "returned": len(failed),
        **{status: statuses.count(status) for status in known},
        "file_ids": [outcome.upload.file_id for outcome in outcomes],
    }
