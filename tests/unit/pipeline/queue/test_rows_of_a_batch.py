"""What a batch writes: two calls, the attempt that decides, and what others have written meanwhile."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.common.events import Upload
from pipeline.records import changes, states
from pipeline.records.changes import Ending
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import client_error
from tests.unit.pipeline.records.actions import Tables
from tests.unit.pipeline.test_batch import Bench, ScriptedCopier, record

pytestmark = pytest.mark.unit


@pytest.fixture
def bench(dynamodb: FakeDynamoDB, pool: ThreadPoolExecutor) -> Bench:
    return Bench(dynamodb, pool)


def only_row(dynamodb: FakeDynamoDB) -> dict[str, str]:
    (row,) = dynamodb.rows.values()
    return {name: next(iter(value.values())) for name, value in row.items()}


def test_a_row_holds_the_columns_of_the_contract(bench: Bench) -> None:
    bench.run(ScriptedCopier(), record("acme/a.csv"))
    row = only_row(bench.dynamodb)
    times = ("queued_at", "first_received_at", "processing_at", "handler_started_at", "handler_ended_at")
    moments = [row.pop(name) for name in times]
    assert moments == sorted(moments)
    assert (len(row.pop("file_id")), row.pop("updated_at")) == (32, moments[-1])
    assert row == {
        "source_bucket": "acme-source",
        "destination_bucket": "destination",
        "key": "acme/a.csv",
        "customer_id": "acme",
        "version_id": "wJtAWeNtEXAMPLE",
        "destination_version_id": "d1",
        "size_bytes": "5",
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "sequencer": row["sequencer"],
        "upload_timestamp": "2026-11-22T20:05:23.000000Z",
        "transfer_timestamp": "2026-11-22T20:05:24.500000Z",
        "receive_count": "1",
        "attempts": "1",
        "claimed_by": "run-1",
        "status": "transferred",
    }


def test_a_batch_costs_two_calls(bench: Bench) -> None:
    assert bench.run(ScriptedCopier(), *(record(str(number)) for number in range(10))) == []
    assert bench.dynamodb.calls == ["BatchExecuteStatement"] * 2


def test_more_rows_than_fit_into_one_call_are_all_written(bench: Bench) -> None:
    bench.run(ScriptedCopier(), *(record(str(number)) for number in range(60)))
    assert len(bench.dynamodb.calls) == 6
    assert set(bench.column("status").values()) == {"transferred"}


def test_the_last_attempt_is_counted_in_the_row_and_not_by_receives(bench: Bench) -> None:
    bad = ScriptedCopier(a=client_error("SlowDown"))
    seen = []
    for receive_count in (1, 5, 6):
        assert bench.run(bad, record("a", receive_count=receive_count)) == ["m-a"]
        row = only_row(bench.dynamodb)
        seen.append((row["status"], row["attempts"], "failed_at" in row))
    assert seen == [("queued", "1", False), ("queued", "2", False), ("failed", "3", True)]


def test_a_message_about_a_failed_upload_gives_it_all_its_attempts_again(bench: Bench) -> None:
    bad = ScriptedCopier(a=client_error("SlowDown"))
    for _ in range(4):
        bench.run(bad, record("a"))
    row = only_row(bench.dynamodb)
    assert (row["status"], row["attempts"], row["redrives"]) == ("queued", "1", "1")
    bench.run(ScriptedCopier(), record("a"))
    row = only_row(bench.dynamodb)
    assert (row["status"], row["attempts"]) == ("transferred", "2")
    assert {"error_type", "error_message", "failed_at"} & row.keys() == set()


def test_a_message_about_a_finished_upload_costs_one_call_and_no_copy(bench: Bench) -> None:
    bench.run(ScriptedCopier(), record("a"))
    copier = ScriptedCopier()
    before = only_row(bench.dynamodb)
    assert bench.run(copier, record("a", message_id="again", receive_count=2)) == []
    assert (copier.asked, only_row(bench.dynamodb)) == ([], before)


def test_a_long_message_is_cut(bench: Bench) -> None:
    bench.run(ScriptedCopier(a=ValueError("x" * 5000)), record("a"))
    assert len(only_row(bench.dynamodb)["error_message"]) == 1000


@pytest.mark.parametrize("refusal", ["ThrottlingError", "ProvisionedThroughputExceeded", "AccessDenied"])
def test_what_cannot_be_claimed_is_returned_and_not_copied(bench: Bench, refusal: str) -> None:
    bench.dynamodb.refuse = refusal
    copier = ScriptedCopier()
    assert bench.run(copier, record("a")) == ["m-a"]
    assert copier.asked == []


class RivalCopier(ScriptedCopier):
    """While a file is copied, something else happens to its row."""

    def __init__(self, tables: Tables, happens: str, **errors: Exception) -> None:
        super().__init__(**errors)
        self.tables = tables
        self.happens = happens

    def copy(self, upload: Upload, deadline: Any) -> Any:
        for step in self.happens.split(", "):
            getattr(self, f"_{step}")(upload)
        return super().copy(upload, deadline)

    def _claimed(self, upload: Upload) -> None:
        self.tables.batched.claim([changes.Claim(upload, "rival", "now")])

    def _transferred(self, upload: Upload) -> None:
        self.tables.single.end(Ending(upload.file_id, states.TRANSFERRED, "rival", "now"))

    def _failed(self, upload: Upload) -> None:
        self.tables.single.end(Ending(upload.file_id, states.FAILED, "rival", "now", error_type="Rival"))

    def _requeued(self, upload: Upload) -> None:
        self.tables.single.end(Ending(upload.file_id, states.QUEUED, "rival", "now", error_type="Rival"))

    def _deleted(self, upload: Upload) -> None:
        del self.tables.dynamodb.rows[upload.file_id]


@pytest.mark.parametrize(
    ("happens", "error", "status", "returned"),
    [
        ("claimed", None, "transferred", []),
        ("claimed, transferred", None, "transferred", []),
        ("claimed, failed", None, "transferred", []),
        ("claimed, requeued", None, "transferred", []),
        ("claimed", "SlowDown", "processing", ["m-a"]),
        ("claimed, transferred", "SlowDown", "transferred", []),
        ("claimed, failed", "SlowDown", "failed", ["m-a"]),
        ("claimed, requeued", "SlowDown", "queued", ["m-a"]),
    ],
)
def test_a_rival_at_the_same_upload(
    bench: Bench, happens: str, error: str | None, status: str, returned: list[str]
) -> None:
    """A finished copy has the last word; a failure has it only for the holder of the latest claim."""
    errors: dict[str, Exception] = {"a": client_error(error)} if error else {}
    copier = RivalCopier(Tables(bench.dynamodb, "table"), happens, **errors)
    assert bench.run(copier, record("a")) == returned
    assert only_row(bench.dynamodb)["status"] == status


def test_a_row_that_has_been_deleted_meanwhile_brings_the_message_back(bench: Bench) -> None:
    assert bench.run(RivalCopier(Tables(bench.dynamodb, "table"), "deleted"), record("a")) == ["m-a"]


def test_metrics_of_a_batch_are_one_line(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    copier = ScriptedCopier(bad=client_error("SlowDown"))
    bench.run(copier, record("a"), record("b"), record("bad"))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    metrics = json.loads(line)
    assert metrics["FilesTransferred"] == [2.0]
    assert metrics["AttemptsFailed"] == [1.0]
    assert metrics["BytesTransferred"] == [10.0]
    assert len(metrics["TransferDuration"]) == 2
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_a_file_that_was_done_before_is_counted_once(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        bench.run(ScriptedCopier(), record("a"))
    assert capsys.readouterr().out.count('"FilesTransferred":[') == 1
