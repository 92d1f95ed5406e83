"""Which ledger entry an object belongs to when the generator could not say how its upload ended."""

from __future__ import annotations

import pytest

from harness.load.ledger_format import WORKER_LOST
from harness.measure.joining import join
from harness.measure.ledger import LedgerEntry
from harness.measure.uploads import ClosedUpload

pytestmark = pytest.mark.unit

KEY = "customer-1/incoming/run-0000001"


def entry(end: str | None = None, cause: str | None = None, intended_at: float = 100.0) -> LedgerEntry:
    return LedgerEntry("run-0000001", KEY, "customer-1", 5, intended_at, end=end, cause=cause)


@pytest.mark.parametrize(
    ("found", "stored"),
    [
        (entry(), True),
        (entry("not_started", WORKER_LOST), True),
        (entry("not_started", "NoFreeUser"), False),
        (entry("not_started", WORKER_LOST, intended_at=200.0), False),
    ],
    ids=["its process died", "the master spoke for a worker that went on", "it knew", "before its time"],
)
def test_an_object_counts_as_uploaded_unless_its_own_process_knew_better(found, stored):
    joined = join([found], [ClosedUpload(KEY, "v1", 5, 101.0)], "source", "run")
    assert joined.uploads[0].uploaded is stored
    assert bool(joined.extra_file_ids) is not stored
