"""Collecting the evidence in an order in which nothing can slip through.

The queues come first, then the executions, which take files from queues: a file that moves on while we look
is then seen twice (and its better end counts). In the opposite order it could be missed in both places and be
called lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from harness.engines.base import Progress
from harness.exceptions import AwsError, StackLostError
from harness.measure.assigning import ambiguous_keys
from harness.measure.bulk import lasting
from harness.measure.evidence import Evidence, EvidenceSource, VersionsByKey
from harness.measure.holding import Messages
from harness.measure.joining import CLOCK_SLACK_S, Joined, Upload, learn_versions, without_version
from harness.measure.packed.rows import PackedRows
from harness.measure.packed.versions import PackedVersions
from harness.measure.read_back import EVERYTHING, ReadBack, choose, judge_left_out
from harness.measure.rows import Row, was_tried


def gather(
    joined: Joined,
    source: EvidenceSource,
    bucket: str,
    *,
    since: float,
    progress: Progress,
    read_back: ReadBack = EVERYTHING,
) -> Evidence:
    """Ask the stack for everything about the files in `joined`, and fill in version ids that it knows.

    :param bucket: the source bucket
    :param since: when the run began; executions of earlier runs on the same stack do not count
    :param read_back: how many of the delivered files are read back and hashed
    :raises StackLostError: the engine does not answer
    :raises AwsError: something cannot be read
    """
    with lasting():
        return _gather(joined, source, bucket, since, progress, read_back)


def _gather(
    joined: Joined,
    source: EvidenceSource,
    bucket: str,
    since: float,
    progress: Progress,
    read_back: ReadBack,
) -> Evidence:
    evidence = Evidence(
        work_queue=source.work_queue(),
        dead_letters=source.dead_letters(),
        undelivered=source.undelivered(),
        recorder_dead_letters=source.recorder_dead_letters(),
        executions=source.executions(since),
    )
    if nameless := without_version(joined):
        progress(f"looking up the versions of {len(nameless)} uploads in the source bucket")
        learn_versions(joined, _of_this_run(_packed(source.source(_keys(nameless))), joined), bucket)
    progress("reading the rows of the table")
    evidence.rows = _packed_rows(source.rows(_file_ids(joined)))
    progress("listing the destination bucket")
    evidence.destination = _of_this_run(_packed(source.destination(_begun_keys(joined))), joined)
    _check_bytes(joined, evidence, source, read_back, progress)
    if _has_untried_dead_letters(joined, evidence):
        evidence.throttles = source.throttles(since)
    if _has_unexplained(joined, evidence):
        progress("looking for errors in the functions' logs")
        # Without an explanation what is known of the files still counts.
        with suppress(StackLostError, AwsError):
            evidence.function_errors = source.function_errors(since)
    if moved := [upload for upload in joined.uploads if _may_have_moved(upload, evidence)]:
        evidence.rows.update(source.rows(upload.file_id or "" for upload in moved))
    if missing := [upload for upload in joined.uploads if _may_have_vanished(upload, joined, evidence)]:
        keys = _keys(missing)
        evidence.source = {**{key: [] for key in keys}, **source.source(keys)}
    return evidence


def merge(older: Evidence, newer: Evidence) -> Evidence:
    """Return both together; where both know something the newer one counts. The older one is used up."""
    older.rows.update(newer.rows)
    older.destination.update(newer.destination)
    return Evidence(
        rows=older.rows,
        destination=older.destination,
        source={**older.source, **newer.source},
        compares=older.compares,
        work_queue=newer.work_queue,
        dead_letters=newer.dead_letters,
        undelivered=newer.undelivered,
        recorder_dead_letters=newer.recorder_dead_letters,
        executions=newer.executions,
        throttles=max(older.throttles, newer.throttles),
        function_errors=newer.function_errors or older.function_errors,
        has_table=older.has_table,
        sees_holders=older.sees_holders,
        complete=older.complete and newer.complete,
    )


def _check_bytes(
    joined: Joined, evidence: Evidence, source: EvidenceSource, limit: ReadBack, progress: Progress
) -> None:
    choice = choose(joined, evidence.destination, limit)
    evidence.compares = choice.is_sample
    if versions := choice.versions:
        progress(f"checking delivered bytes: {len(versions)} files")
        source.read_back(versions, progress)
    judge_left_out(choice, joined)
    doubtful = [
        version
        for key in ambiguous_keys(joined, evidence.destination)
        for version in evidence.destination[key]
    ]
    if doubtful:
        source.read_tags(doubtful)


def _packed_rows(rows: Mapping[str, Row]) -> PackedRows:
    return rows if isinstance(rows, PackedRows) else PackedRows(rows)


def _packed(versions: VersionsByKey) -> PackedVersions:
    return versions if isinstance(versions, PackedVersions) else PackedVersions(versions)


def _of_this_run(found: PackedVersions, joined: Joined) -> PackedVersions:
    """Leave out versions that an earlier run left under the same key.

    A key that holds its ledger id is of this run by name; only for others does the time decide.
    """
    for key in found:
        upload = joined.by_key.only(key)
        if upload is None or upload.entry.ledger_id not in key:
            _leave_out_older(found, key, joined.by_key[key])
    return found


def _leave_out_older(found: PackedVersions, key: str, uploads: Sequence[Upload]) -> None:
    if all(upload.entry.ledger_id in key for upload in uploads):
        return
    first = min(upload.entry.intended_at for upload in uploads) - CLOCK_SLACK_S
    if versions := [version for version in found.peek(key) if version.modified_at >= first]:
        found[key] = versions
    else:
        found.discard(key)


def _has_untried_dead_letters(joined: Joined, evidence: Evidence) -> bool:
    """Some message ended in the dead-letter queue although no function has begun on it."""
    if not evidence.dead_letters.messages:
        return False
    dead = Messages(evidence.dead_letters)
    return any(
        upload.stored and dead.about(upload) and not was_tried(evidence.rows.get(upload.file_id or ""))
        for upload in joined.uploads
    )


def _has_unexplained(joined: Joined, evidence: Evidence) -> bool:
    """Some message waits or is dead, and the row of its file, if there is one, knows of no error."""
    if evidence.work_queue.messages is None and evidence.work_queue.depth:
        return True
    holding = [Messages(view) for view in (evidence.work_queue, evidence.dead_letters) if view.messages]
    return bool(holding) and any(
        upload.stored and _is_open_without_error(evidence.rows.get(upload.file_id or ""))
        for upload in joined.uploads
        if any(messages.about(upload) for messages in holding)
    )


def _is_open_without_error(row: Row | None) -> bool:
    return row is None or not (row.final or row.error_type)


def _may_have_vanished(upload: Upload, joined: Joined, evidence: Evidence) -> bool:
    if not upload.stored or upload.file_id in evidence.rows:
        return False
    key = upload.entry.key
    # What is at the destination of a repeated key may be another upload's.
    return key not in evidence.destination or joined.by_key.only(key) is None


def _may_have_moved(upload: Upload, evidence: Evidence) -> bool:
    """It is at the destination without a final row: perhaps it was delivered after the rows were read."""
    if not upload.stored or evidence.rows.is_final(upload.file_id or ""):
        return False
    return upload.entry.key in evidence.destination


def _file_ids(joined: Joined) -> Iterable[str]:
    for upload in joined.uploads:
        if upload.file_id:
            yield upload.file_id
    for extra in joined.extra_file_ids.values():
        yield from extra


def _begun_keys(joined: Joined) -> Collection[str]:
    """Return the keys that may be in a bucket; a set of them is made only where they are not all keys."""

    def may_be_there(upload: Upload) -> bool:
        return upload.entry.started_at is not None or upload.uploaded

    if all(map(may_be_there, joined.uploads)):
        return joined.by_key
    return _keys(filter(may_be_there, joined.uploads))


def _keys(uploads: Iterable[Upload]) -> set[str]:
    return {upload.entry.key for upload in uploads}
