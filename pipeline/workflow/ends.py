"""Writes how an upload has ended: the row, and with it the metrics and a line in the log."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from pipeline.common.events import Upload
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.metrics import Tally
from pipeline.records.single import Answer, RecordTable

logger = Logger(child=True)


def write(table: RecordTable, upload: Upload, ending: Ending, *, duration_s: float = 0.0) -> Answer:
    """Write an ending; only one that the row takes is counted.

    :param duration_s: time of the copy
    """
    answer = table.end(ending)
    if not answer.applied:
        told = {"status": ending.status, "row_status": answer.row and answer.row.status}
        logger.warning("The row stays as it is", extra={"file_id": upload.file_id, **told})
        return answer
    tally = Tally()
    tally.add(ending.status, upload.size_bytes, duration_s)
    tally.publish()
    if ending.status in (states.FAILED, states.QUEUED):
        reason = {"error_type": ending.error_type, "error_message": ending.error_message}
        logger.error("Transfer failed", extra={"file_id": upload.file_id, "key": upload.key, **reason})
    return answer
