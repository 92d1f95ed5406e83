"""FIFO: the files of a message group are copied in order, and none overtakes one that has failed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.transfer.copying import SupersededError
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import client_error
from tests.unit.pipeline.test_batch import Bench, HangingCopier, ScriptedCopier

pytestmark = pytest.mark.unit


@pytest.fixture
def bench(dynamodb: FakeDynamoDB, pool: ThreadPoolExecutor) -> Bench:
    return Bench(dynamodb, pool)


def message(
    key: str, *, group: str = "acme", receive_count: int = 1, body: str | None = None
) -> dict[str, Any]:
    about = body if body is not None else events.object_created(key=key)
    return events.sqs_record(about, message_id=f"m-{key}", group=group, receive_count=receive_count)


def test_a_group_is_copied_in_the_order_of_its_messages(bench: Bench) -> None:
    keys = [f"{number:02}" for number in range(20)]
    copier = ScriptedCopier()
    assert bench.run(copier, *(message(key) for key in keys)) == []
    assert copier.asked == keys


def test_a_failure_holds_up_all_later_ones_of_its_group_and_no_other(bench: Bench) -> None:
    copier = ScriptedCopier(**{"2": client_error("SlowDown")})
    batch = [message(key) for key in ("1", "2", "3", "4")]
    batch.insert(2, message("b", group="other"))
    assert bench.run(copier, *batch) == ["m-2", "m-3", "m-4"]
    assert sorted(copier.asked) == ["1", "2", "b"]
    states = {"1": "transferred", "2": "queued", "3": "queued", "4": "queued", "b": "transferred"}
    assert bench.column("status") == states


def test_what_was_held_up_has_all_its_attempts_left(bench: Bench) -> None:
    copier = ScriptedCopier(**{"1": client_error("SlowDown")})
    for _ in range(2):
        bench.run(copier, message("1"), message("2"))
    attempts = {row["key"]["S"]: row["attempts"]["N"] for row in bench.dynamodb.rows.values()}
    assert attempts == {"1": "2", "2": "0"}


def test_one_that_leaves_for_the_dead_letter_queue_holds_up_nothing(bench: Bench) -> None:
    copier = ScriptedCopier(**{"1": client_error("AccessDenied")})
    for count in (1, 2):
        returned = bench.run(copier, *(message(key, receive_count=count) for key in ("1", "2")))
        assert returned == ["m-1", "m-2"]
    assert bench.run(copier, *(message(key, receive_count=3) for key in ("1", "2"))) == ["m-1"]
    assert bench.column("status") == {"1": "failed", "2": "transferred"}


def test_a_malformed_message_holds_its_group_up_until_it_leaves(bench: Bench) -> None:
    copier = ScriptedCopier()
    assert bench.run(copier, message("bad", body="not json"), message("1")) == ["m-bad", "m-1"]
    assert copier.asked == []
    batch = [message("bad", body="not json", receive_count=3), message("1", receive_count=3)]
    assert bench.run(copier, *batch) == ["m-bad"]
    assert copier.asked == ["1"]


def test_what_is_done_already_is_not_returned_with_those_around_it(bench: Bench) -> None:
    bench.run(ScriptedCopier(), message("2"))
    copier = ScriptedCopier(**{"1": client_error("SlowDown")})
    assert bench.run(copier, *(message(key) for key in ("1", "2", "3"))) == ["m-1", "m-3"]


def test_a_row_that_was_not_written_returns_those_behind_it_too(bench: Bench) -> None:
    """What they delivered is delivered in order; they come again and are found done."""
    bench.dynamodb.before = lambda: _down_after_the_claim(bench.dynamodb)
    assert bench.run(ScriptedCopier(), message("1"), message("2")) == ["m-1", "m-2"]


def _down_after_the_claim(dynamodb: FakeDynamoDB) -> None:
    dynamodb.down = "InternalServerError" if len(dynamodb.calls) > 1 else None


def test_a_superseded_file_holds_up_nothing(bench: Bench) -> None:
    copier = ScriptedCopier(**{"1": SupersededError("gone")})
    assert bench.run(copier, message("1"), message("2")) == []


def test_nothing_starts_behind_a_copy_that_was_given_up(bench: Bench) -> None:
    copier = HangingCopier()
    try:
        returned = bench.run(copier, message("hang"), message("2"), remaining_s=0.3)
        assert returned == ["m-hang", "m-2"]
    finally:
        copier.let_go.set()
    bench.pool.shutdown(wait=True)
    assert copier.asked == ["hang"]
    assert bench.column("status") == {"hang": "queued", "2": "queued"}
