"""Files that ended badly, grouped by the stage that they had got to and by cause."""

from __future__ import annotations

from collections.abc import Iterable

from harness.load.ledger_format import DEFAULT_EXPECTS
from harness.measure.expected import is_met
from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Failure, FailureExample
from harness.measure.stages import last_stage

EXAMPLES = 5
_GOOD_ENDS = frozenset({Outcome.DELIVERED, Outcome.SUPERSEDED})
_STAGES = {
    Outcome.NOT_STARTED: "lag",
    Outcome.UPLOAD_FAILED: "sftp_upload",
    Outcome.ABORTED: "sftp_upload",
    Outcome.FAILED: "transfer",
}
"""Where the outcome itself tells; elsewhere the last moment that is known does."""


def group(records: Iterable[FileRecord]) -> list[Failure]:
    """Return the groups, the largest first, each with up to `EXAMPLES` files.

    A file that was delivered twice or with other bytes is in a group too, under `duplicated` or `corrupted`.
    One that was to end badly, and did, is in none.
    """
    counts: dict[tuple[str, str], int] = {}
    examples: dict[tuple[str, str], list[FailureExample]] = {}
    for record in records:
        if record.outcome is Outcome.DELIVERED and record.destination_versions <= 1 and not record.corrupted:
            continue  # almost every file
        for name in _names(record):
            counts[name] = counts.get(name, 0) + 1
            shown = examples.setdefault(name, [])
            if len(shown) < EXAMPLES:
                shown.append(FailureExample(record.ledger_id, record.key, record.error_message or ""))
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    return [Failure(stage, cause, counts[stage, cause], examples[stage, cause]) for stage, cause in ordered]


def _names(record: FileRecord) -> Iterable[tuple[str, str]]:
    if record.destination_versions > 1:
        yield "transfer", "duplicated"
    if record.corrupted:
        yield "transfer", "corrupted"
    elif record.outcome not in _GOOD_ENDS and (record.expects == DEFAULT_EXPECTS or not is_met(record)):
        yield _STAGES.get(record.outcome) or last_stage(record), record.cause or str(record.outcome)
