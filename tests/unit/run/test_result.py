import pytest

from harness.measure.records import FileRecord, Outcome
from harness.run.result import load_duration_s

pytestmark = pytest.mark.unit


def record(intended_at: float, started_at: float | None = None, closed_at: float | None = None) -> FileRecord:
    return FileRecord(
        ledger_id="run-0000001",
        key="customer/file.csv",
        customer_id="customer",
        size_bytes=1,
        intended_at=intended_at,
        outcome=Outcome.DELIVERED,
        started_at=started_at,
        closed_at=closed_at,
    )


def test_a_run_without_files_has_no_length():
    assert load_duration_s([]) == 0.0


def test_the_load_lasts_until_the_last_upload_has_ended():
    records = [record(100.0, 100.1, 109.0), record(101.0, 101.2), record(103.0)]
    assert load_duration_s(records) == 9.0
