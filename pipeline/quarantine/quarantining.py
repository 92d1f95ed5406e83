"""Quarantine: keeps a partial upload from being delivered, whatever is done with it at the same time.

First the row is marked, which makes it `failed` for good (see `pipeline.records.states`); then copies are
moved away. Who copies writes the row last: who is refused there takes its own copy back. So whichever comes
second finds what the first has done, in every order:

    nobody has begun     the row is made or marked, and the claim that follows is refused
    copied already       its end is in the row, which is marked; the copy is moved away
    is being copied      the copy may appear after our look, so the row is watched until its holder has given
                         the upload up, and then we look again
    its worker has died  the holder never says so; our last look is as late as our time allows, and should the
                         message come again, its claim is refused and looks once more
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.quarantine import finding, notices
from pipeline.quarantine.evidence import Evidence
from pipeline.quarantine.finding import SourceVersion
from pipeline.quarantine.notices import Notice
from pipeline.quarantine.settings import QuarantineSettings
from pipeline.records import states
from pipeline.records.changes import Breakage
from pipeline.records.metrics import Tally
from pipeline.records.rows import Row
from pipeline.records.single import RecordTable
from pipeline.transfer import withdrawing

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0

logger = Logger(child=True)


@dataclass(frozen=True)
class Quarantine:
    """The task."""

    s3: S3Client
    table: RecordTable
    evidence: Evidence
    settings: QuarantineSettings
    pause: Callable[[float], None] = time.sleep

    def run(self, event: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        """Handle one event of Transfer Family; safe to repeat.

        :raises MalformedNoticeError: the event tells of no broken upload
        :raises UnversionedSourceError: the source bucket is not versioned
        """
        notice = notices.read(event)
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        if notice.key.endswith("/"):
            return _result(notice, None, "a folder is no file")
        upload, row = self._mark(notice)
        if upload is None or row is None:
            return _result(notice, None, "the upload has left no object")
        moved = self._withdraw(upload, row, deadline)
        return _result(notice, upload.file_id, "quarantined", copies_moved=moved)

    def _mark(self, notice: Notice) -> tuple[Upload | None, Row | None]:
        """Mark the row of the version that the upload has left, and return both."""
        for upload in self._uploads(notice):
            broken = Breakage(upload, notice.transfer, notice.message)
            answer = self.table.quarantine(broken)
            if answer.row and answer.row.partial_transfer == notice.transfer:
                if answer.applied:
                    _tell(upload, notice)
                return upload, answer.row
        return None, None

    def _uploads(self, notice: Notice) -> list[Upload]:
        """Return what the upload may have left, the likeliest first; what is known already alone."""
        listed = withdrawing.versions(self.s3, notice.bucket, notice.key)
        found = finding.candidates(notice, map(SourceVersion.of, listed))
        uploads = [finding.as_upload(notice, version) for version in found]
        if len(uploads) > 1:
            rows = [self.table.read(upload.file_id) for upload in uploads]
            for upload, row in zip(uploads, rows, strict=True):
                if row and row.partial_transfer == notice.transfer:
                    return [upload]
        return uploads

    def _withdraw(self, upload: Upload, row: Row, deadline: Deadline) -> int:
        moved = self.evidence.secure(upload, deadline)
        if row.is_held:
            self._await_holder(upload, deadline)
            moved += self.evidence.secure(upload, deadline)
        kept = {"quarantine_bucket": self.settings.quarantine_bucket, "quarantine_key": upload.file_id}
        self.table.withdraw(upload.file_id, kept if moved else {})
        return moved

    def _await_holder(self, upload: Upload, deadline: Deadline) -> None:
        """Wait until nobody copies the upload any more, or until the time is over."""
        pause_s = _FIRST_PAUSE_S
        while (remaining_s := deadline.remaining_s()) > 0:
            self.pause(min(pause_s, remaining_s))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            row = self.table.read(upload.file_id)
            if row is None or not row.is_held:
                return
        extra = {"file_id": upload.file_id, "key": upload.key}
        logger.warning("Who has claimed the upload has not given it up", extra=extra)


def _tell(upload: Upload, notice: Notice) -> None:
    tally = Tally()
    tally.add(states.FAILED, upload.size_bytes, 0.0)
    tally.publish()
    reason = {"error_type": "PartialUpload", "error_message": notice.message}
    logger.error("Transfer failed", extra={"file_id": upload.file_id, "key": upload.key, **reason})


def _result(notice: Notice, file_id: str | None, text: str, **more: Any) -> dict[str, Any]:
    result = {"bucket": notice.bucket, "key": notice.key, "message": text, **more}
    if file_id:
        result["file_id"] = file_id
    logger.info("Notice handled", extra={"result": result})
    return result
