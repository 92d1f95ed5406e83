"""What a task does whose file turns out to be a part of one: take its copy back, and fail.

The row tells it, when the task wants to write the end (see `pipeline.quarantine`).
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

from pipeline.common.events import Upload
from pipeline.records.rows import Row
from pipeline.records.single import Answer, RecordTable
from pipeline.transfer.withdrawing import Withdrawal
from pipeline.workflow.errors import PartialUploadError

logger = Logger(child=True)


def refuse(table: RecordTable, withdrawal: Withdrawal, upload: Upload, holder: str, answer: Answer) -> None:
    """Return unless the row has refused an end because the upload is partial.

    :param holder: who has claimed the upload
    :raises PartialUploadError: it is, and no copy of it is left
    """
    if answer.applied or answer.row is None or not answer.row.is_partial:
        return
    withdrawal.withdraw(upload)
    table.stand_down(upload.file_id, holder)
    raise PartialUploadError(f"the upload of '{upload.key}' broke off; no copy of it is left")


def clean_up(withdrawal: Withdrawal, upload: Upload, row: Row | None) -> None:
    """Take back what a holder has left who died: to be called where a claim is refused."""
    if row and row.is_partial and row.attempts:
        count = withdrawal.withdraw(upload)
        extra = {"file_id": upload.file_id, "key": upload.key, "copies_taken_back": count}
        logger.warning("Partial upload", extra=extra)
