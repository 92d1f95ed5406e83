"""The final word on every file: which of the closed set of outcomes it had.

Precedence from `delivered` on, as in `Outcome`: a destination version exists; the row records a failure, or
its execution ended in one; the message is in the dead-letter queue, or the event reached no target; the row
says superseded, or the source has vanished; something still holds it; nothing does. A row that is not final
holds nothing by itself: without a message or an execution nobody will come back to it. All judgement is here
and in `assigning`; neither talks to AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.measure.assigning import Assigned
from harness.measure.bulk import bulk
from harness.measure.evidence import Evidence
from harness.measure.executions import Execution
from harness.measure.function_errors import common_type, explained
from harness.measure.holding import Executions, Messages
from harness.measure.joining import SETTLED, Joined, Upload
from harness.measure.ledger import UPLOADED
from harness.measure.read_back import agreement
from harness.measure.records import Check, FileRecord, Outcome
from harness.measure.rows import FAILED, SUPERSEDED, TRANSFERRED, Row, was_tried
from harness.measure.versions import ObjectVersion

Verdict = tuple[Outcome, str | None, str | None]
"""Outcome, cause and message."""


_UNHELD = frozenset({"no_trace", "not_held"})
"""Causes of `lost` that a message which can only be counted would explain."""


@dataclass(frozen=True)
class _Holders:
    """Evidence, made ready to be asked about single files."""

    evidence: Evidence
    dead: Messages
    undelivered: Messages
    waiting: Messages
    executions: Executions

    @classmethod
    def of(cls, evidence: Evidence) -> _Holders:
        return cls(
            evidence,
            dead=Messages(evidence.dead_letters),
            undelivered=Messages(evidence.undelivered),
            waiting=Messages(evidence.work_queue),
            executions=Executions(evidence.executions.executions),
        )


def classify(joined: Joined, evidence: Evidence, uploads: Iterable[Upload] | None = None) -> list[FileRecord]:
    """Return one record per ledger entry, in the order of the ledger.

    :param uploads: those of `joined` to be judged; all of them unless told otherwise
    """
    with bulk():
        return _counted(_records(joined, evidence, joined.uploads if uploads is None else uploads), evidence)


def classify_away(joined: Joined, evidence: Evidence) -> list[FileRecord]:
    """Classify all uploads, and forget on the way what is known of those that were plainly delivered.

    Their records need the room. What is left of both tells everything about the others.
    """

    def kept() -> Iterator[FileRecord]:
        for index, record in enumerate(_records(joined, evidence, joined.uploads)):
            upload = joined.uploads[index]
            if _is_plain(upload, record, joined):
                joined.uploads[index] = SETTLED
                joined.by_key.discard(record.key)
                evidence.forget(record.key, record.file_id)
            yield record

    with bulk():
        return _counted(kept(), evidence)


def _is_plain(upload: Upload, record: FileRecord, joined: Joined) -> bool:
    if record.outcome is not Outcome.DELIVERED or upload.entry.end != UPLOADED:
        return False
    return joined.by_key.only(record.key) is upload


def _records(joined: Joined, evidence: Evidence, uploads: Iterable[Upload]) -> Iterator[FileRecord]:
    versions = Assigned(joined, evidence.destination, evidence.rows)
    holders = _Holders.of(evidence)
    for upload in uploads:
        row = evidence.rows.get(upload.file_id) if upload.file_id else None
        found = versions.to(upload)
        if found or upload.uploaded:
            judged = _judge_uploaded(upload, row, found, holders)
        else:
            judged = _judge_not_uploaded(upload)
        yield _record(upload, row, found, judged, evidence)


def _counted(made: Iterable[FileRecord], evidence: Evidence) -> list[FileRecord]:
    records = list(made)
    if evidence.work_queue.messages is None:
        _apply_count_rule(records, evidence)
    return records


def _judge_not_uploaded(upload: Upload) -> Verdict:
    entry = upload.entry
    cause, message = entry.cause, entry.message or upload.server_reason
    if entry.end is not None:
        return Outcome(entry.end), cause or "unknown", message
    if entry.started_at is None:
        return Outcome.NOT_STARTED, "run_ended", "offered, and the generator ended before it could start it"
    return Outcome.ABORTED, "no_outcome", message or "started, and the generator ended without another word"


def _judge_uploaded(
    upload: Upload, row: Row | None, versions: Sequence[ObjectVersion], holders: _Holders
) -> Verdict:
    evidence = holders.evidence
    if versions or (not evidence.complete and row and row.status == TRANSFERRED):
        return _delivered(row, evidence)
    execution = None if row and row.final else holders.executions.about(upload, row)
    return (
        _failed(row, None if holders.waiting.about(upload) else execution)
        or _in_dead_letters(upload, row, holders)
        or _superseded(upload, row, evidence)
        or _held(upload, row, execution, holders)
        or _unknown(row, evidence)
        or _lost(upload, row)
    )


def _delivered(row: Row | None, evidence: Evidence) -> Verdict:
    if not evidence.has_table:
        return Outcome.DELIVERED, None, None
    if row is None:
        return Outcome.DELIVERED, "row_missing", "delivered, but the table has no row for it"
    if row.status != TRANSFERRED:
        return Outcome.DELIVERED, f"row_{row.status}", f"delivered, but its row says {row.status}"
    return Outcome.DELIVERED, None, None


def _failed(row: Row | None, execution: Execution | None) -> Verdict | None:
    if row and row.status == FAILED:
        return Outcome.FAILED, row.error_type or "unknown", _with_worker(row)
    if execution and execution.is_failed:
        told = execution.cause or f"the execution ended as {execution.status}"
        return Outcome.FAILED, execution.error or execution.status, f"{told} ({execution.arn})"
    return None


def _with_worker(row: Row) -> str | None:
    """Name the execution that failed: its history tells more."""
    by_execution = row.claimed_by and ":execution:" in row.claimed_by
    return f"{row.error_message or 'no message'} ({row.claimed_by})" if by_execution else row.error_message


def _in_dead_letters(upload: Upload, row: Row | None, holders: _Holders) -> Verdict | None:
    if holders.dead.about(upload):
        if row and row.error_type:
            return Outcome.DLQ, row.error_type, row.error_message
        if holders.evidence.throttles and not was_tried(row):
            return Outcome.DLQ, "Throttled", _throttled_text(holders.evidence.throttles)
        errors = holders.evidence.function_errors
        told = explained("in the dead-letter queue, and no row says why", None, errors)
        dead = len(holders.evidence.dead_letters.messages or ())
        return Outcome.DLQ, common_type(errors, dead) or "no_failure_recorded", told
    if message := holders.undelivered.about(upload):
        told = message.error or "in the rule's dead-letter queue, and nothing says why"
        return Outcome.DLQ, "event_undelivered", f"the event reached no target: {told}"
    return None


def _throttled_text(throttles: int) -> str:
    return (
        f"no function has begun on it: Lambda refused {throttles} invocations, and what is refused until its "
        "visibility timeout ends has been received in vain; the mapping's MaximumConcurrency must not exceed "
        "the function's reserved concurrency"
    )


def _superseded(upload: Upload, row: Row | None, evidence: Evidence) -> Verdict | None:
    if row and row.status == SUPERSEDED:
        return Outcome.SUPERSEDED, row.error_type or "superseded", row.error_message
    if _source_vanished(upload, evidence.source):
        return Outcome.SUPERSEDED, "source_vanished", "its version is no longer in the source bucket"
    return None


def _held(upload: Upload, row: Row | None, execution: Execution | None, holders: _Holders) -> Verdict | None:
    if holders.waiting.about(upload):
        told = explained("its message is still in the work queue", row, holders.evidence.function_errors)
        return Outcome.IN_FLIGHT, "in_work_queue", told
    if execution:
        return Outcome.IN_FLIGHT, "in_execution", f"its execution still runs ({execution.arn})"
    return None


def _unknown(row: Row | None, evidence: Evidence) -> Verdict | None:
    """Absence proves nothing where nobody could be asked."""
    if not evidence.complete:
        told = f"; its row said {row.status}" if row else ""
        return Outcome.IN_FLIGHT, "stack_lost", f"the stack was gone before it could be asked{told}"
    if not evidence.has_table:
        return (
            Outcome.IN_FLIGHT,
            "not_at_destination",
            "not at the destination when the waiting time ended, and without a table nothing tells more",
        )
    if not evidence.sees_holders and not (row and row.final):
        return (
            Outcome.IN_FLIGHT,
            "holders_unknown",
            "not at the destination, and the template exports too little to tell who holds it",
        )
    if evidence.executions.cut_off and not (row and row.final):
        return (
            Outcome.IN_FLIGHT,
            "executions_not_listed",
            "there are more executions than can be looked through",
        )
    return None


def _lost(upload: Upload, row: Row | None) -> Verdict:
    if row is not None and row.final:
        return (
            Outcome.LOST,
            "row_without_object",
            f"its row says {row.status}, but the destination has no version",
        )
    if row is not None:
        held = f"its row says {row.status}, but no message and no execution holds it"
        return Outcome.LOST, "not_held", explained(held, row, ())
    if not upload.stored:
        return (
            Outcome.LOST,
            "never_stored",
            "the server acknowledged it, but the source bucket has no version",
        )
    return (
        Outcome.LOST,
        "no_trace",
        "in the source bucket, but in no row, no queue and not at the destination",
    )


def _source_vanished(upload: Upload, source: Mapping[str, Sequence[ObjectVersion]]) -> bool:
    """The version was removed, or the key was deleted (a delete marker) after it.

    A newer version alone is not enough: every version of a key is a file of its own.
    """
    versions = source.get(upload.entry.key)
    if versions is None or not upload.stored:
        return False
    own = next((version for version in versions if version.version_id == upload.version_id), None)
    if own is None:
        return True
    # Times have a resolution of one second only, so the mark of the latest one counts as well.
    markers = (version for version in versions if version.is_delete_marker)
    return any(marker.is_latest or marker.modified_at > own.modified_at for marker in markers)


def _record(
    upload: Upload,
    row: Row | None,
    versions: Sequence[ObjectVersion],
    judged: Verdict,
    evidence: Evidence,
) -> FileRecord:
    entry = upload.entry
    outcome, cause, message = judged
    record = FileRecord(
        ledger_id=entry.ledger_id,
        key=entry.key,
        customer_id=entry.customer_id,
        size_bytes=entry.size_bytes,
        intended_at=entry.intended_at,
        outcome=outcome,
        file_id=upload.file_id,
        version_id=upload.version_id,
        digest=entry.digest,
        started_at=entry.started_at,
        closed_at=entry.ended_at if entry.end == "uploaded" else None,
        cause=cause,
        error_message=message,
        partial=upload.is_partial,
        kind=entry.kind,
        expects=entry.expects,
    )
    if row is not None:
        _add_row(record, row)
    if versions:
        _add_versions(record, upload, versions, evidence)
    return record


def _add_versions(
    record: FileRecord, upload: Upload, versions: Sequence[ObjectVersion], evidence: Evidence
) -> None:
    record.destination_versions = len(versions)
    record.checked_by = _check(upload, versions, evidence)
    record.verified = record.checked_by is Check.SHA256
    if problem := _corruption(upload, versions):
        record.corrupted, record.cause, record.error_message = True, "corrupted", problem


def _check(upload: Upload, versions: Sequence[ObjectVersion], evidence: Evidence) -> Check | None:
    """Return what the delivered bytes were checked by."""
    for version in versions:
        if version.sha256:
            return Check.SHA256
    if not evidence.compares:
        return None
    for version in versions:
        if check := version.check or agreement(version, upload):
            return check
    return None


def _add_row(record: FileRecord, row: Row) -> None:
    record.queued_at = row.queued_at
    record.first_received_at = row.first_received_at
    record.handler_started_at = row.handler_started_at
    record.handler_ended_at = row.handler_ended_at
    record.redrives = row.redrives or 0
    record.attempts = row.attempts if row.attempts is not None else row.receive_count


def _corruption(upload: Upload, versions: Sequence[ObjectVersion]) -> str | None:
    """Say how the delivered bytes differ from the sent ones.

    Where the sender never got to the end it has no hash; a size that differs then proves a partial upload
    that was delivered as if whole. What the server knows to be partial is never right, all bytes or not: the
    sender never said that they were all.
    """
    entry = upload.entry
    if versions and upload.is_partial:
        sizes = f"{upload.partial_bytes} of {entry.size_bytes} bytes arrived"
        return f"a partial upload was delivered as a whole file: {sizes} (version {versions[0].version_id})"
    for version in versions:
        if version.damage:
            return f"{version.damage} (version {version.version_id})"
        if entry.digest and version.sha256:
            if entry.sha256 != version.sha256:
                return (
                    f"SHA-256 sent {entry.sha256}, delivered {version.sha256} (version {version.version_id})"
                )
        elif version.check is None and version.content_bytes != entry.size_bytes:
            sizes = f"{entry.size_bytes} bytes sent, {version.content_bytes} delivered"
            return f"{sizes} (version {version.version_id})"
    return None


def _apply_count_rule(records: Sequence[FileRecord], evidence: Evidence) -> None:
    """Where messages can only be counted, as many of the newest traceless files may be in them."""
    traceless = [record for record in records if record.outcome is Outcome.LOST and record.cause in _UNHELD]
    traceless.sort(key=lambda record: record.closed_at or record.intended_at)
    for record in traceless[max(0, len(traceless) - evidence.work_queue.depth) :]:
        record.outcome, record.cause = Outcome.IN_FLIGHT, "queue_not_empty"
        held = "no trace of it, but the work queue holds as many messages"
        record.error_message = explained(held, None, evidence.function_errors)
