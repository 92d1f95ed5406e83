"""The conservation check: every offered file is accounted for exactly once. It cannot be skipped.

    offered  = not_started + upload_failed + aborted + uploaded
    uploaded = delivered + failed + dlq + superseded + in_flight + lost

`partial` is a part of `aborted` and `upload_failed`: uploads that broke off and left an object with what had
arrived. None of them was uploaded, and one that is delivered is `corrupted`.

The left sides are counted from the ledger, the right sides from the settled records, so that a defect in
settling shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.measure.records import FileRecord, Outcome

NOT_UPLOADED = (Outcome.NOT_STARTED, Outcome.UPLOAD_FAILED, Outcome.ABORTED)
AFTER_UPLOAD = tuple(outcome for outcome in Outcome if outcome not in NOT_UPLOADED)
BROKEN_IF_ANY = ("lost", "duplicated", "corrupted")


def count(records: Sequence[FileRecord]) -> dict[str, int]:
    """Return `files` of `summary.json`."""
    # Counted apart, because almost all are delivered, and counting enumerated values is slow.
    delivered = sum(record.outcome is Outcome.DELIVERED for record in records)
    outcomes: Counter[Outcome] = Counter(
        record.outcome for record in records if record.outcome is not Outcome.DELIVERED
    )
    outcomes[Outcome.DELIVERED] = delivered
    before = {str(outcome): outcomes[outcome] for outcome in NOT_UPLOADED}
    after = {str(outcome): outcomes[outcome] for outcome in AFTER_UPLOAD}
    return {
        "offered": len(records),
        **before,
        "uploaded": sum(after.values()),
        **after,
        "partial": sum(record.partial for record in records),
        "duplicated": sum(
            record.destination_versions - 1 for record in records if record.destination_versions > 1
        ),
        "corrupted": sum(record.corrupted for record in records),
    }


def problems(counts: Mapping[str, int], *, offered: int, uploaded: int) -> list[str]:
    """Return what breaks conservation, in sentences; empty when every file is accounted for.

    :param offered: files that the ledger offered, counted on their own
    :param uploaded: files that the ledger or the SFTP server saw uploaded, counted on their own
    """
    found = [f"{counts[name]} files {name}" for name in BROKEN_IF_ANY if counts[name]]
    not_uploaded = sum(counts[outcome] for outcome in NOT_UPLOADED)
    settled = sum(counts[outcome] for outcome in AFTER_UPLOAD)
    if offered != not_uploaded + uploaded:
        found.append(
            f"{offered} files were offered, but {not_uploaded} + {uploaded} uploaded are accounted for"
        )
    if uploaded != settled:
        found.append(f"{uploaded} files were uploaded, but {settled} have an outcome")
    return found
