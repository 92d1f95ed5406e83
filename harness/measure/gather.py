"""Collecting the evidence in an order in which nothing can slip through.

The queues come first, then the executions, which take files from queues: a file that moves on while we look
is then seen twice (and its better end counts). In the opposite order it could be missed in both places and be
called lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.engines.base import Progress
from harness.measure.assigning import ambiguous_keys
from harness.measure.evidence import Evidence, EvidenceSource, VersionsByKey
from harness.measure.holding import Messages
from harness.measure.joining import CLOCK_SLACK_S, Joined, Upload, learn_versions, without_version
from harness.measure.read_back import EVERYTHING, ReadBack, choose, judge_left_out
from harness.measure.rows import was_tried


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
    evidence = Evidence(
        work_queue=source.work_queue(),
        dead_letters=source.dead_letters(),
        undelivered=source.undelivered(),
        recorder_dead_letters=source.recorder_dead_letters(),
        executions=source.executions(since),
    )
    if nameless := without_version(joined):
        progress(f"looking up the versions of {len(nameless)} uploads in the source bucket")
        learn_versions(joined, _of_this_run(source.source(_keys(nameless)), joined), bucket)
    progress("reading the rows of the table")
    evidence.rows = source.rows(_file_ids(joined))
    progress("listing the destination bucket")
    started = [upload for upload in joined.uploads if upload.entry.started_at is not None or upload.uploaded]
    evidence.destination = _of_this_run(source.destination(_keys(started)), joined)
    _check_bytes(joined, evidence, source, read_back, progress)
    if _has_untried_dead_letters(joined, evidence):
        evidence.throttles = source.throttles(since)
    if moved := [upload for upload in joined.uploads if _may_have_moved(upload, evidence)]:
        evidence.rows = {**evidence.rows, **source.rows(upload.file_id or "" for upload in moved)}
    if missing := [upload for upload in joined.uploads if _may_have_vanished(upload, joined, evidence)]:
        keys = _keys(missing)
        evidence.source = {**{key: [] for key in keys}, **source.source(keys)}
    return evidence


def merge(older: Evidence, newer: Evidence) -> Evidence:
    """Return both together; where both know something the newer one counts."""
    return Evidence(
        rows={**older.rows, **newer.rows},
        destination={**older.destination, **newer.destination},
        source={**older.source, **newer.source},
        work_queue=newer.work_queue,
        dead_letters=newer.dead_letters,
        undelivered=newer.undelivered,
        recorder_dead_letters=newer.recorder_dead_letters,
        executions=newer.executions,
        throttles=max(older.throttles, newer.throttles),
        has_table=older.has_table,
        sees_holders=older.sees_holders,
        complete=older.complete and newer.complete,
    )


def _check_bytes(
    joined: Joined, evidence: Evidence, source: EvidenceSource, limit: ReadBack, progress: Progress
) -> None:
    choice = choose(joined, evidence.destination, limit)
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


def _of_this_run(found: VersionsByKey, joined: Joined) -> VersionsByKey:
    """Leave out versions that an earlier run left under the same key.

    A key that holds its ledger id is of this run by name; only for others does the time decide.
    """
    kept: VersionsByKey = {}
    for key, versions in found.items():
        uploads = joined.by_key[key]
        if not all(upload.entry.ledger_id in key for upload in uploads):
            first = min(upload.entry.intended_at for upload in uploads) - CLOCK_SLACK_S
            versions = [version for version in versions if version.modified_at >= first]
        if versions:
            kept[key] = versions
    return kept


def _has_untried_dead_letters(joined: Joined, evidence: Evidence) -> bool:
    """Some message ended in the dead-letter queue although no function has begun on it."""
    dead = Messages(evidence.dead_letters)
    return any(
        upload.stored and dead.about(upload) and not was_tried(evidence.rows.get(upload.file_id or ""))
        for upload in joined.uploads
    )


def _may_have_vanished(upload: Upload, joined: Joined, evidence: Evidence) -> bool:
    row = evidence.rows.get(upload.file_id) if upload.file_id else None
    key = upload.entry.key
    # What is at the destination of a repeated key may be another upload's.
    return upload.stored and row is None and (key not in evidence.destination or len(joined.by_key[key]) > 1)


def _may_have_moved(upload: Upload, evidence: Evidence) -> bool:
    """It is at the destination without a final row: perhaps it was delivered after the rows were read."""
    row = evidence.rows.get(upload.file_id) if upload.file_id else None
    return upload.stored and upload.entry.key in evidence.destination and not (row and row.final)


def _file_ids(joined: Joined) -> Iterable[str]:
    for upload in joined.uploads:
        if upload.file_id:
            yield upload.file_id
    for extra in joined.extra_file_ids.values():
        yield from extra


def _keys(uploads: Sequence[Upload]) -> set[str]:
    return {upload.entry.key for upload in uploads}
