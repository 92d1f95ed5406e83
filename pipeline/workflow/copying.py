"""Copy: the one task of route `direct`. It claims the file, copies it, and ends the row.

It takes `source_bucket`, `destination_bucket` and `key`, and asks S3 for the rest, so that it can be called
by hand. The state machine also hands over the whole event, which saves that call.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.common import clock, identity
from pipeline.common.deadline import Deadline
from pipeline.common.events import MalformedRecordError, Upload, read_upload
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.rows import Row
from pipeline.records.single import Answer, RecordTable
from pipeline.transfer import destination
from pipeline.transfer.copying import Copied, Copier, SupersededError
from pipeline.transfer.withdrawing import Withdrawal
from pipeline.workflow import documents, ends, failures, partials
from pipeline.workflow.errors import NothingToDoError, PermanentError, TransientError, short_name, translated
from pipeline.workflow.inputs import Arrival
from pipeline.workflow.settings import DeliverySettings
from pipeline.workflow.validating import claim

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_NEEDED = ("source_bucket", "destination_bucket", "key")


@dataclass(frozen=True)
class Copy:
    """The task."""

    s3: S3Client
    copier: Copier
    table: RecordTable
    settings: DeliverySettings

    def run(self, task: Mapping[str, Any], remaining_s: float, request_id: str) -> dict[str, Any]:
        """Answer with the result.

        :param task: the three fields; `event` and `execution` where a state machine calls, `version_id`,
            `sequencer` and `redrive` where a person knows better
        :param request_id: holds the claim where there is no execution
        :raises TransientError: to be tried again; the row shows the error of this attempt
        :raises PermanentError: not to be tried again; the row says `failed`
        :raises PartialUploadError: the upload broke off; the copy is gone again
        """
        _check(task)
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        bucket, holder = task["destination_bucket"], task.get("execution") or request_id
        with translated():
            upload = self._upload(task, bucket)
            try:
                row = claim(self.table, Arrival(upload, is_redrive=_is_redrive(task)), holder)
            except NothingToDoError as exc:
                partials.clean_up(Withdrawal(self.s3, bucket), upload, exc.row)
                return _handled_before(upload, bucket, exc)
        attempt = _Attempt(self.table, Withdrawal(self.s3, bucket), upload, bucket, holder, row)
        started_s = time.monotonic()
        try:
            with translated():
                copied = self._copier_to(bucket).copy(upload, deadline)
                return attempt.transferred(copied, time.monotonic() - started_s)
        except SupersededError as exc:
            return attempt.superseded(exc)
        except (TransientError, PermanentError) as exc:
            raise attempt.failed(exc) from exc

    def _copier_to(self, bucket: str) -> Copier:
        if bucket == self.settings.destination_bucket:
            return self.copier
        return replace(self.copier, settings=replace(self.settings, destination_bucket=bucket))

    def _upload(self, task: Mapping[str, Any], bucket: str) -> Upload:
        try:
            return read_upload(task["event"]) if "event" in task else self._asked(task, bucket)
        except MalformedRecordError:
            # An event that was written by hand, with bucket and key only.
            return self._asked(task, bucket)

    def _asked(self, task: Mapping[str, Any], bucket: str) -> Upload:
        """Ask S3 for what the caller has not told: the current version of the key, if none is named."""
        source, key = task["source_bucket"], task["key"]
        version = {"VersionId": task["version_id"]} if task.get("version_id") else {}
        head = self.s3.head_object(Bucket=source, Key=key, **version)
        etag, version_id = head["ETag"].strip('"'), head.get("VersionId")
        sequencer = task.get("sequencer") or self._sequencer_at(bucket, key)
        return Upload(
            file_id=identity.file_id(source, key, identity.upload_version(version_id, etag, sequencer)),
            bucket=source,
            key=key,
            version_id=version_id,
            size_bytes=head["ContentLength"],
            etag=etag,
            sequencer=sequencer,
            uploaded_at=clock.from_datetime(head["LastModified"]),
        )

    def _sequencer_at(self, bucket: str, key: str) -> str:
        """Return the sequencer of what is at the destination, since S3 tells none outside of events.

        With it, the copy takes that one's place in the order of uploads: it may replace it, and later
        uploads may replace the copy.
        """
        occupant = destination.look(self.s3, bucket, key)
        return (occupant.sequencer if occupant else "") or "0"


@dataclass(frozen=True)
class _Attempt:
    """A claimed upload, and how its row ends."""

    table: RecordTable
    withdrawal: Withdrawal
    upload: Upload
    destination_bucket: str
    holder: str
    row: Row

    def transferred(self, copied: Copied, duration_s: float) -> dict[str, Any]:
        version_id = copied.destination_version_id
        answer = self._end(
            states.TRANSFERRED,
            duration_s,
            transfer_timestamp=copied.copied_at,
            destination_version_id=version_id,
        )
        partials.refuse(self.table, self.withdrawal, self.upload, self.holder, answer)
        return self._result(states.TRANSFERRED, destination_version_id=version_id)

    def superseded(self, reason: SupersededError) -> dict[str, Any]:
        with translated():
            answer = self._end(states.SUPERSEDED, error_type=short_name(reason), error_message=str(reason))
            partials.refuse(self.table, self.withdrawal, self.upload, self.holder, answer)
        return self._result(states.SUPERSEDED, reason=str(reason))

    def failed(self, error: TransientError | PermanentError) -> Exception:
        """Write the attempt's end; return what the state machine shall see: no retry after the last one."""
        failure = failures.of_exception(error)
        is_last = isinstance(error, PermanentError) or self.row.attempts >= self.table.settings.max_attempts
        status = states.FAILED if is_last else states.QUEUED
        with translated():
            self._end(status, error_type=failure.error_type, error_message=failure.message)
        return PermanentError(str(error)) if is_last else error

    def _end(self, status: str, duration_s: float = 0.0, **more: Any) -> Answer:
        ending = Ending(
            file_id=self.upload.file_id,
            status=status,
            claimed_by=self.holder,
            at=clock.now_iso(),
            attempt=self.row.attempts,
            may_have_error=self.row.has_error,
            **more,
        )
        return ends.write(self.table, self.upload, ending, duration_s=duration_s)

    def _result(self, status: str, **more: Any) -> dict[str, Any]:
        return documents.result(self.upload, self.destination_bucket, status, **more)


def _check(task: Mapping[str, Any]) -> None:
    if missing := [name for name in _NEEDED if not task.get(name)]:
        raise PermanentError(f"MissingInput: {', '.join(missing)} must be in the task's input")


def _is_redrive(task: Mapping[str, Any]) -> bool:
    return task.get("redrive") is True or task.get("event", {}).get("redrive") is True


def _handled_before(upload: Upload, bucket: str, reason: NothingToDoError) -> dict[str, Any]:
    """Return the result of a duplicate: that of the first, where it is known."""
    row = reason.row
    if row and row.status in states.FINAL:
        version = row.destination_version_id
        return documents.result(
            upload, bucket, row.status, destination_version_id=version, already_handled=True
        )
    return {"status": "AlreadyHandled", "message": str(reason), "file_id": upload.file_id, "key": upload.key}
