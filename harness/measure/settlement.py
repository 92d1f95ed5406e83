"""The final word on a run: judged records turned into figures, with the conservation check.

Nothing here talks to AWS or waits; `settle` brings the records.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness.exceptions import SettleError
from harness.measure import conservation, failures
from harness.measure.bulk import lasting
from harness.measure.evidence import Evidence
from harness.measure.expected import Expected, judge, mark_replaced
from harness.measure.generator import Generator, generator_of
from harness.measure.joining import Joined
from harness.measure.ledger import UPLOADED, LedgerReader
from harness.measure.records import Check, FileRecord, Outcome
from harness.measure.results import Attempts, Bytes, Failure, Latency, Rate, Timeline, Verification
from harness.measure.rows import FAILED, is_marked_partial
from harness.measure.stages import latencies
from harness.measure.timeline import rate_of, timeline_of
from harness.stack.description import StackDescription

_HANDED_FILES = frozenset({"transfer_file", "parent"})
"""Roles of state machines of which one execution is one file."""


@dataclass(frozen=True)
class Settlement:
    """The final word on a run."""

    records: list[FileRecord]
    counts: dict[str, int]
    """`files` of `summary.json`."""
    bytes: Bytes
    rate: Rate
    latency_ms: dict[str, Latency | None]
    failures: list[Failure]
    timeline: Timeline
    problems: list[str]
    """What breaks conservation, in sentences."""
    notes: list[str] = field(default_factory=list)
    verified: int = 0
    """Delivered files whose bytes were read back and hashed."""
    verification: Verification = field(default_factory=Verification)
    """What the delivered bytes were checked by."""
    evidence_complete: bool = True
    """`False` when the stack was gone and could not be asked."""

    executions: dict[str, dict[str, int]] = field(default_factory=dict)
    """By role of the state machine and by status; empty without machines."""
    attempts: Attempts = field(default_factory=Attempts)
    expected: Expected = field(default_factory=Expected)
    """How many files ended as they should."""
    generator: Generator = field(default_factory=Generator)
    """The processes that offered them."""

    @property
    def conservation_ok(self) -> bool:
        return not self.problems

    @property
    def unverified(self) -> int:
        """Delivered files whose bytes nobody has checked."""
        seen = self.verification
        return self.counts["delivered"] - self.verified - seen.by_etag - seen.by_size - seen.by_sample


def conclude(
    ledger: LedgerReader,
    joined: Joined,
    records: list[FileRecord],
    description: StackDescription,
    evidence: Evidence,
) -> Settlement:
    """Turn judged records into figures, and check that every offered file is accounted for."""
    with lasting():
        return _conclude(ledger, joined, records, description, evidence)


def _conclude(
    ledger: LedgerReader,
    joined: Joined,
    records: list[FileRecord],
    description: StackDescription,
    evidence: Evidence,
) -> Settlement:
    if len(records) != ledger.offered:
        raise SettleError(f"{ledger.offered} files were offered, but {len(records)} were judged")
    mark_replaced(joined, records)
    expected = judge(records)
    counts = conservation.count(records)
    counts |= {"as_expected": expected.as_expected, "unexpected": expected.unexpected}
    uploaded = sum(
        upload.uploaded or record.destination_versions > 0
        for upload, record in zip(joined.uploads, records, strict=True)
    )
    offered = ledger.offered_by_workers if ledger.complete else ledger.offered
    timeline = timeline_of(records)
    rate = rate_of(records, timeline)
    if not evidence.has_table:
        # When a file was delivered is not known, and a guess could pass a threshold.
        timeline = replace(timeline, delivered=[0] * len(timeline.delivered), backlog=[])
        rate = Rate(rate.offered_per_s, delivered_per_s=None)
    verification = _verification(records)
    latency_ms = latencies(records, has_queue="work" in description.queues)
    return Settlement(
        records=records,
        counts=counts,
        bytes=_bytes(records),
        rate=rate,
        latency_ms=latency_ms,
        failures=failures.group(records),
        timeline=timeline,
        problems=conservation.problems(counts, offered=offered, uploaded=uploaded),
        notes=_notes(ledger, joined, records, evidence, verification),
        verified=verification.verified,
        verification=verification,
        evidence_complete=evidence.complete,
        executions={role: dict(counts) for role, counts in evidence.executions.counts.items()},
        attempts=_attempts(records),
        expected=expected,
        generator=generator_of(ledger.folder, records, latency_ms["lag"]),
    )


def _verification(records: list[FileRecord]) -> Verification:
    found = [record.checked_by for record in records if record.outcome is Outcome.DELIVERED]
    checks = (Check.SHA256, Check.ETAG, Check.SIZE, Check.SAMPLE, None)
    return Verification(*(sum(by is check for by in found) for check in checks))


def _attempts(records: list[FileRecord]) -> Attempts:
    tried = [record.attempts or 0 for record in records]
    return Attempts(
        retried=sum(attempts > 1 for attempts in tried),
        most=max(tried, default=0),
        redriven=sum(record.redrives > 0 for record in records),
    )


def _bytes(records: list[FileRecord]) -> Bytes:
    delivered = sum(record.size_bytes for record in records if record.outcome is Outcome.DELIVERED)
    others = (record for record in records if record.outcome is not Outcome.DELIVERED)
    not_uploaded = conservation.NOT_UPLOADED
    return Bytes(
        uploaded=delivered + sum(other.size_bytes for other in others if other.outcome not in not_uploaded),
        delivered=delivered,
    )


def _notes(
    ledger: LedgerReader,
    joined: Joined,
    records: list[FileRecord],
    evidence: Evidence,
    verification: Verification,
) -> list[str]:
    unverified = verification.unchecked
    rowless = sum(record.cause == "row_missing" for record in records)
    denied = sum(record.cause == f"row_{FAILED}" for record in records)
    unrecorded = evidence.recorder_dead_letters
    unacknowledged = sum(upload.entry.end != UPLOADED and upload.stored for upload in joined.uploads)
    partial = [record for record in records if record.partial]
    unmarked = sum(not is_marked_partial(evidence.rows.get(record.file_id or "")) for record in partial)
    extra = sum(len(ids) for ids in joined.extra_file_ids.values())
    said = {
        "The stack was gone before it could be asked: files without a final row count as in flight.": (
            not evidence.complete
        ),
        "The generator ended without its last line, so its ledger may be short.": not ledger.complete,
        f"The generator stopped early: {', '.join(sorted(ledger.ended_early))}.": ledger.ended_early,
        f"The last line was torn in: {', '.join(ledger.torn_files)}.": ledger.torn_files,
        f"{unverified} delivered files could not be read back and hashed.": unverified,
        f"Sizes and ETags tell nothing of {verification.by_sample} delivered files, which were not read back:"
        " those like them that were read are sound.": verification.by_sample,
        "The pipeline has no table: outcomes come from the destination's versions only, and of the stages"
        " behind the upload nothing is known.": not evidence.has_table,
        f"{unrecorded} events ended in the recorder's dead-letter queue: rows may lack their first times.": (
            unrecorded
        ),
        "There were more executions than are listed: counts of executions are lower bounds.": (
            evidence.executions.cut_off or _executions_forgotten(records, evidence)
        ),
        f"{rowless} files were delivered without a row in the table.": rowless,
        f"{denied} files were delivered although their row says failed.": denied,
        f"{unacknowledged} objects were stored although no client knows that its upload succeeded.": (
            unacknowledged
        ),
        f"{len(partial)} uploads broke off and left a part of the file in the source bucket.": partial,
        f"{unmarked} of these have no row that says so: nothing keeps them from being delivered.": (
            unmarked and evidence.has_table and evidence.complete
        ),
        f"{extra} objects on the run's keys are in no line of the ledger.": extra,
        f"{len(joined.unlisted)} files were uploaded, and no line of the ledger has them: nothing here counts"
        " them.": joined.unlisted,
    }
    return [sentence for sentence, holds in said.items() if holds]


def _executions_forgotten(records: list[FileRecord], evidence: Evidence) -> bool:
    """Tell whether fewer executions are listed than have delivered a file: engines may keep only the last."""
    handed = [counts for role, counts in evidence.executions.counts.items() if role in _HANDED_FILES]
    listed = sum(sum(counts.values()) for counts in handed)
    return bool(handed) and sum(record.outcome is Outcome.DELIVERED for record in records) > listed
