"""One batch: each message ends for itself, whatever happens to its neighbours."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.common.settings import RecordSettings
from pipeline.queue.batch import Batch
from pipeline.records.batched import BatchedTable
from pipeline.transfer.copying import Copied, SupersededError
from pipeline.transfer.withdrawing import Withdrawal
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import FakeS3, client_error

pytestmark = pytest.mark.unit


class ScriptedCopier:
    """Copies everything but the keys that it has an error for; remembers what it was asked for."""

    def __init__(self, **errors: Exception) -> None:
        self.errors = errors
        self.asked: list[str] = []

    def copy(self, upload: Upload, deadline: Deadline) -> Copied:
        self.asked.append(upload.key)
        if error := self.errors.get(upload.key):
            raise error
        return Copied("d1", "2026-11-22T20:05:24.500000Z")


class HangingCopier(ScriptedCopier):
    """Does not come back from the key `hang` until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def copy(self, upload: Upload, deadline: Deadline) -> Copied:
        if upload.key == "hang":
            self.let_go.wait(30)
        return super().copy(upload, deadline)


class Bench:
    """Runs batches and shows what came of them."""

    def __init__(self, dynamodb: FakeDynamoDB, pool: ThreadPoolExecutor) -> None:
        self.dynamodb = dynamodb
        self.pool = pool
        self.s3 = FakeS3()
        self.runs = 0

    def run(self, copier: ScriptedCopier, *records: dict[str, Any], remaining_s: float = 60.0) -> list[str]:
        self.runs += 1
        settings = RecordSettings(table_name="table", destination_bucket="destination", recording="lean")
        batch = Batch(
            cast(Any, copier),
            BatchedTable(cast(Any, self.dynamodb), settings),
            self.pool,
            Deadline(remaining_s, 0),
            withdrawal=Withdrawal(cast(Any, self.s3), "destination"),
            claimed_by=f"run-{self.runs}",
            max_attempts=3,
        )
        return [delivery.message_id for delivery in batch.run(records)]

    def column(self, name: str) -> dict[str, str | None]:
        rows = self.dynamodb.rows.values()
        return {row["key"]["S"]: row[name]["S"] if name in row else None for row in rows}


@pytest.fixture
def bench(dynamodb: FakeDynamoDB, pool: ThreadPoolExecutor) -> Bench:
    return Bench(dynamodb, pool)


def record(key: str, *, message_id: str | None = None, **more: Any) -> dict[str, Any]:
    return events.sqs_record(events.object_created(key=key), message_id=message_id or f"m-{key}", **more)


def test_good_files_are_transferred_and_nothing_is_returned(bench: Bench) -> None:
    assert bench.run(ScriptedCopier(), record("a"), record("b")) == []
    assert bench.column("status") == {"a": "transferred", "b": "transferred"}


def test_one_failure_stops_nothing_else(bench: Bench) -> None:
    copier = ScriptedCopier(bad=client_error("SlowDown"))
    assert bench.run(copier, record("a"), record("bad"), record("c")) == ["m-bad"]
    assert bench.column("status") == {"a": "transferred", "bad": "queued", "c": "transferred"}
    assert bench.column("error_type")["bad"] == "SlowDown"


def test_an_error_that_nobody_foresaw_is_a_failure_of_its_file_alone(bench: Bench) -> None:
    copier = ScriptedCopier(bad=ZeroDivisionError("oh"))
    assert bench.run(copier, record("bad"), record("good")) == ["m-bad"]
    assert bench.column("error_type") == {"bad": "ZeroDivision", "good": None}


@pytest.mark.parametrize("body", ["", "not json", "{}", "null"])
def test_a_malformed_message_is_returned_and_leaves_no_row(bench: Bench, body: str) -> None:
    malformed = events.sqs_record(body, message_id="m-malformed")
    assert bench.run(ScriptedCopier(), malformed, record("a")) == ["m-malformed"]
    assert bench.column("status") == {"a": "transferred"}


def test_a_directory_marker_is_done_without_a_row(bench: Bench) -> None:
    copier = ScriptedCopier()
    assert bench.run(copier, record("acme/folder/")) == []
    assert (copier.asked, bench.dynamodb.rows) == ([], {})


def test_a_superseded_file_is_done_at_once(bench: Bench) -> None:
    copier = ScriptedCopier(old=SupersededError("a newer upload is there"))
    assert bench.run(copier, record("old")) == []
    assert bench.column("status") == {"old": "superseded"}
    assert bench.column("error_message") == {"old": "a newer upload is there"}


def test_duplicates_in_one_batch_are_copied_once(bench: Bench) -> None:
    copier = ScriptedCopier()
    assert bench.run(copier, record("a", message_id="1"), record("a", message_id="2")) == []
    assert copier.asked == ["a"]


def test_duplicates_in_one_batch_fail_together(bench: Bench) -> None:
    copier = ScriptedCopier(a=client_error("SlowDown"))
    failed = bench.run(copier, record("a", message_id="1"), record("a", message_id="2"))
    assert sorted(failed) == ["1", "2"]


def test_a_row_that_was_not_written_brings_its_message_back(bench: Bench) -> None:
    bench.dynamodb.refuse = "ThrottlingError"
    assert bench.run(ScriptedCopier(), record("a")) == ["m-a"]


def test_a_failure_without_a_row_is_returned_once(bench: Bench) -> None:
    bench.dynamodb.down = "InternalServerError"
    assert bench.run(ScriptedCopier(a=client_error("SlowDown")), record("a")) == ["m-a"]


def test_what_cannot_be_started_in_time_is_returned(bench: Bench) -> None:
    copier = ScriptedCopier()
    assert bench.run(copier, record("a"), remaining_s=0) == ["m-a"]
    assert copier.asked == []
    assert bench.column("error_type") == {"a": "DeadlineReached"}


def test_a_file_that_hangs_is_given_up_and_the_others_are_kept(bench: Bench) -> None:
    copier = HangingCopier()
    try:
        failed = bench.run(copier, record("hang"), record("a"), record("b"), remaining_s=0.5)
    finally:
        copier.let_go.set()
    assert failed == ["m-hang"]
    assert bench.column("status") == {"hang": "queued", "a": "transferred", "b": "transferred"}


def test_receive_count_of_the_message_is_in_the_row(bench: Bench) -> None:
    bench.run(ScriptedCopier(), record("a", receive_count=3))
    (row,) = bench.dynamodb.rows.values()
    assert row["receive_count"] == {"N": "3"}
