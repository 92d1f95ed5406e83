"""Upload: copies the file to the destination, compares checksums, and ends the row.

S3 computes the SHA-256 of the copy while it makes it, which costs no call; a copy that was made by parts,
or by an earlier try, is read again. A copy with other bytes is deleted before anything is reported.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.common import clock
from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copied, Copier, SupersededError
from pipeline.transfer.withdrawing import Withdrawal
from pipeline.workflow import documents, ends, partials
from pipeline.workflow.documents import FileDocument, Staged
from pipeline.workflow.errors import ChecksumMismatchError, short_name, translated
from pipeline.workflow.inspecting import chunks
from pipeline.workflow.settings import DeliverySettings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True)
class Deliver:
    """The task.

    :param copier: of uploads
    :param staged_copier: of what Process has made, which no newer upload replaces
    """

    s3: S3Client
    copier: Copier
    staged_copier: Copier
    table: RecordTable
    settings: DeliverySettings

    def run(self, task: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        """Answer with the result.

        :raises ChecksumMismatchError: the copy had other bytes; it is gone again
        :raises PartialUploadError: the upload broke off; the copy is gone again
        """
        document = FileDocument.from_json(task)
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        started_s = time.monotonic()
        with translated():
            try:
                copied = self._copy(document, deadline)
            except SupersededError as exc:
                return self._superseded(document, exc)
            self._verify(document, copied, deadline)
            return self._transferred(document, copied, time.monotonic() - started_s)

    def _copy(self, document: FileDocument, deadline: Deadline) -> Copied:
        if document.staged is None:
            return self.copier.copy(document.upload, deadline)
        return self.staged_copier.copy(_staged_upload(document.upload, document.staged), deadline)

    def _verify(self, document: FileDocument, copied: Copied, deadline: Deadline) -> None:
        expected = document.staged.sha256 if document.staged else document.sha256
        if expected is None:
            return
        found = copied.sha256 or self._read_again(document.upload.key, copied, deadline)
        if found != expected:
            self.s3.delete_object(**self._place(document.upload.key, copied))
            raise ChecksumMismatchError(f"the copy had sha256 {found}, {expected} was read; it is deleted")

    def _read_again(self, key: str, copied: Copied, deadline: Deadline) -> str:
        digest = hashlib.sha256()
        for chunk in chunks(self.s3.get_object(**self._place(key, copied))["Body"], deadline):
            digest.update(chunk)
        return digest.hexdigest()

    def _place(self, key: str, copied: Copied) -> dict[str, Any]:
        version = {"VersionId": copied.destination_version_id} if copied.destination_version_id else {}
        return {"Bucket": self.settings.destination_bucket, "Key": key, **version}

    def _transferred(self, document: FileDocument, copied: Copied, duration_s: float) -> dict[str, Any]:
        further = {"sha256": document.sha256, "row_count": document.row_count}
        self._end(
            document,
            Ending(
                file_id=document.upload.file_id,
                status=states.TRANSFERRED,
                claimed_by=document.execution,
                at=clock.now_iso(),
                transfer_timestamp=copied.copied_at,
                destination_version_id=copied.destination_version_id,
                further={name: value for name, value in further.items() if value is not None},
            ),
            duration_s=duration_s,
        )
        return documents.result(
            document.upload,
            self.settings.destination_bucket,
            states.TRANSFERRED,
            destination_version_id=copied.destination_version_id,
            content_type=document.content_type,
            **further,
        )

    def _end(self, document: FileDocument, ending: Ending, duration_s: float = 0.0) -> None:
        answer = ends.write(self.table, document.upload, ending, duration_s=duration_s)
        withdrawal = Withdrawal(self.s3, self.settings.destination_bucket)
        partials.refuse(self.table, withdrawal, document.upload, document.execution, answer)

    def _superseded(self, document: FileDocument, reason: SupersededError) -> dict[str, Any]:
        self._end(
            document,
            Ending(
                file_id=document.upload.file_id,
                status=states.SUPERSEDED,
                claimed_by=document.execution,
                at=clock.now_iso(),
                error_type=short_name(reason),
                error_message=str(reason),
            ),
        )
        return documents.result(
            document.upload, self.settings.destination_bucket, states.SUPERSEDED, reason=str(reason)
        )


def _staged_upload(upload: Upload, staged: Staged) -> Upload:
    """Return the staged object as a copy's source, with the identity of the upload that it was made of."""
    return replace(
        upload,
        bucket=staged.bucket,
        version_id=staged.version_id,
        size_bytes=staged.size_bytes,
        etag=staged.etag,
    )
