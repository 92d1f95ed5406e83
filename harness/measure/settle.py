"""Settling: the end of every run, where each offered file gets its one outcome.

`settle` waits until the pipeline is quiet or the waiting time is over, gathers the evidence, judges every
file and checks conservation. It needs only what a run folder keeps (ledger, uploads of the SFTP server,
description of the stack) and the running stack. `settle_without_stack` does what can be done when the stack
is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.engines.base import EngineInfo, Progress
from harness.engines.registry import queue_peeker
from harness.measure.bulk import bulk
from harness.measure.classify import classify, classify_away
from harness.measure.evidence import AwsEvidence, Evidence, EvidenceSource
from harness.measure.follow import Follower
from harness.measure.gather import gather, merge
from harness.measure.joining import CLOCK_SLACK_S, Joined, Upload, UploadsByKey, join
from harness.measure.ledger import LedgerReader
from harness.measure.packed.rows import PackedRows
from harness.measure.read_back import MOST, ReadBack
from harness.measure.records import Outcome
from harness.measure.rows import Row
from harness.measure.settlement import Settlement, conclude
from harness.measure.uploads import UploadsReader
from harness.measure.waiting import wait_until_quiet
from harness.stack.description import StackDescription

_SECOND_LOOK_AFTER_S = 3.0
"""An event may be on its way from the bucket to the queue: nothing is lost that shows up on a second look."""


@dataclass(frozen=True)
class SettleInputs:
    """What settling starts from."""

    engine: EngineInfo
    description: StackDescription
    ledger_dir: Path
    uploads_file: Path
    follower: Follower | None = None
    """The follower of the run, which saves reading everything twice."""
    read_back_most: int | None = MOST
    """How many delivered files are read back and hashed at most; `None` reads all of them."""


def settle(
    inputs: SettleInputs,
    *,
    wait_s: float,
    progress: Progress,
    give_up: Callable[[], bool] = lambda: False,
    on_quiet: Callable[[], None] = lambda: None,
    source: EvidenceSource | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Settlement:
    """Wait, gather, judge.

    :param wait_s: how long to wait at most for the pipeline to become quiet
    :param progress: told what is waited for; an exception that it raises ends settling
    :param give_up: asked while waiting; true ends the wait, and the evidence is gathered as it is
    :param on_quiet: told when the waiting is over and before the evidence is gathered
    :param source: where the evidence is; the stack of `inputs` unless a test brings its own
    :raises StackLostError: the engine does not answer any more
    :raises AwsError: something of the stack cannot be read
    :raises SettleError: the ledger or a row is damaged
    """
    source = source or AwsEvidence(inputs.engine, inputs.description, queue_peeker(inputs.engine))
    follower = inputs.follower or Follower(
        inputs.engine, inputs.description, inputs.ledger_dir, inputs.uploads_file
    )
    if wait_s > 0:
        wait_until_quiet(follower, source, wait_s=wait_s, progress=progress, give_up=give_up, pause=pause)
    on_quiet()
    ledger, joined = read_ledger(inputs)
    ledger.let_go()
    read_back = ReadBack(inputs.read_back_most, ledger.seed or 0)
    evidence = _gather(inputs, joined, source, read_back, progress, pause)
    # From here on nothing is asked any more, so that what is settled can be let go.
    if inputs.follower:
        inputs.follower.let_go()
    records = classify_away(joined, evidence)
    return conclude(ledger, joined, records, inputs.description, evidence)


def _gather(
    inputs: SettleInputs,
    joined: Joined,
    source: EvidenceSource,
    read_back: ReadBack,
    progress: Progress,
    pause: Callable[[float], None],
) -> Evidence:
    """Return the evidence, looked at a second time where it tells of no end."""
    bucket, has_table = inputs.description.buckets["source"], bool(inputs.description.table)
    since = min((upload.entry.intended_at for upload in joined.uploads), default=0.0) - CLOCK_SLACK_S
    evidence = gather(joined, source, bucket, since=since, progress=progress, read_back=read_back)
    evidence.has_table, evidence.sees_holders = has_table, sees_holders(inputs.description)
    if doubtful := _doubtful(joined, evidence):
        progress(f"{len(doubtful.uploads)} files are not where they should be: looking a second time")
        pause(_SECOND_LOOK_AFTER_S)
        for key in doubtful.by_key:
            evidence.destination.discard(key)
        evidence = merge(evidence, gather(doubtful, source, bucket, since=since, progress=progress))
    return evidence


def sees_holders(description: StackDescription) -> bool:
    """Tell whether the pipeline exports enough to find who holds a file.

    Without its dead-letter queue, or with neither queue nor machine, a held file looks lost.
    """
    has_work, has_dead = "work" in description.queues, "dlq" in description.queues
    return (has_work and has_dead) or (not has_work and bool(description.state_machines))


def settle_without_stack(inputs: SettleInputs) -> Settlement:
    """Judge from the ledger, the SFTP server's list and what the follower had seen, when the stack is gone.

    Files without a final row are `in_flight`, because nobody can be asked about them.
    """
    ledger, joined = read_ledger(inputs)
    if inputs.follower:
        _recall(joined, inputs.follower.file_ids)
    rows: Mapping[str, Row] = inputs.follower.rows if inputs.follower else {}
    evidence = Evidence(rows=PackedRows(rows), complete=False)
    return conclude(ledger, joined, classify(joined, evidence), inputs.description, evidence)


def read_ledger(inputs: SettleInputs) -> tuple[LedgerReader, Joined]:
    """Read the ledger and the uploads to their ends and join them; raises `SettleError`."""
    with bulk():
        return _read_ledger(inputs)


def _read_ledger(inputs: SettleInputs) -> tuple[LedgerReader, Joined]:
    followed = inputs.follower.ledger if inputs.follower else None
    ledger = followed if followed and not followed.is_spent else LedgerReader(inputs.ledger_dir)
    ledger.finish()
    entries = ledger.entries.values()
    bucket = inputs.description.buckets["source"]
    first = min((entry.intended_at for entry in entries), default=0.0) - CLOCK_SLACK_S
    events = UploadsReader(inputs.uploads_file, bucket).finish(first)
    joined = join(entries, events, bucket, ledger.run_id)
    if inputs.follower:
        _share(joined, inputs.follower.file_ids)
    return ledger, joined


def _share(joined: Joined, file_ids: Mapping[str, str]) -> None:
    """Keep one text in memory of each id that the follower knows, and not two."""
    for upload in joined.uploads:
        known = file_ids.get(upload.entry.ledger_id)
        if known == upload.file_id:
            upload.file_id = known


def _recall(joined: Joined, file_ids: Mapping[str, str]) -> None:
    """Give uploads their `file_id` where the SFTP server's list went with the stack, by `floodgate down`."""
    for upload in joined.uploads:
        upload.file_id = upload.file_id or file_ids.get(upload.entry.ledger_id)


def _doubtful(joined: Joined, evidence: Evidence) -> Joined | None:
    """Return files without a trace, and partial ones that the quarantine may be about to take away."""
    destination, by_key = evidence.destination, joined.by_key
    # The only upload of a key that is at the destination has arrived.
    judged = [
        upload
        for upload in joined.uploads
        if upload.is_partial or upload.entry.key not in destination or by_key.only(upload.entry.key) is None
    ]
    found: list[Upload] = [
        upload
        for upload, record in zip(judged, classify(joined, evidence, judged), strict=True)
        if record.outcome is Outcome.LOST or (record.partial and record.destination_versions)
    ]
    if not found:
        return None
    keys = {upload.entry.key for upload in found}
    # All uploads of a key go together: its versions are shared out among them.
    uploads = [upload for key in keys for upload in joined.by_key[key]]
    return Joined(
        uploads=uploads,
        by_key=UploadsByKey(uploads),
        extra_file_ids={key: ids for key, ids in joined.extra_file_ids.items() if key in keys},
    )
