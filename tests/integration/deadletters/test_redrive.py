"""Dead letters on a real engine: seen without being touched, brought back without being lost."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from harness.clock import now
from harness.deadletters import letters, moving, outcomes, redrive
from harness.deadletters.letters import Selection
from harness.exceptions import AwsError, EnvironmentNotReadyError
from pipeline.records import changes, statements
from tests.integration.deadletters.conftest import Storage

pytestmark = pytest.mark.integration


def test_a_list_joins_messages_with_rows_and_touches_nothing(storage: Storage) -> None:
    failed, silent = storage.fail("a/failed.csv"), storage.send("dlq", "b/silent.csv")
    storage.send(
        "undelivered_events",
        "c/event.csv",
        MessageAttributes={"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}},
    )
    for _ in range(2):
        found = {letter.key: letter for letter in letters.read(storage.description)}
    told = found["a/failed.csv"]
    assert (told.file_id, told.status, told.cause, told.attempts) == (failed[0], "failed", "AccessDenied", 3)
    assert (told.queue, told.receive_count) == ("dlq", 1)
    assert (found["b/silent.csv"].file_id, found["b/silent.csv"].status) == (silent, None)
    assert (found["c/event.csv"].queue, found["c/event.csv"].cause) == (
        "undelivered_events",
        "NO_PERMISSIONS",
    )
    assert all(0 <= letter.age_s < 60 for letter in found.values())


def test_all_come_back_with_their_attempts(storage: Storage) -> None:
    failed = storage.fail("a/1.csv", "a/2.csv", "b/3.csv")
    storage.send("undelivered_events", "c/4.csv")
    done = redrive.redrive(storage.description, Selection())
    assert (done.messages, done.rows, done.stuck) == (4, 3, [])
    assert sorted(storage.keys_in("work")) == ["a/1.csv", "a/2.csv", "b/3.csv", "c/4.csv"]
    assert storage.depth("dlq") == storage.depth("undelivered_events") == 0
    for file_id in failed:
        row = storage.item(file_id)
        assert (row["status"], row["attempts"], row["redrives"]) == ("queued", "0", "1")
        assert row["error_type"] == "AccessDenied", "what went wrong stays to be read"


def test_chosen_ones_come_back_and_the_others_stay(storage: Storage) -> None:
    failed = storage.fail(*(f"a/{number}.csv" for number in range(12)))
    moved: list[str] = []
    chosen = Selection(keys={"a/3.csv"}, file_ids={failed[7]})
    done = redrive.redrive(storage.description, chosen, on_moved=moved.append)
    assert sorted(moved) == ["a/3.csv", "a/7.csv"]
    assert (done.messages, done.rows, sorted(done.file_ids)) == (2, 2, sorted([failed[3], failed[7]]))
    assert sorted(storage.keys_in("work")) == ["a/3.csv", "a/7.csv"]
    assert len(storage.keys_in("dlq")) == 10, "what was passed by is visible again at once"
    assert storage.item(failed[0])["status"] == "failed"


def test_a_stop_in_the_middle_loses_nothing_and_the_rest_can_follow(storage: Storage) -> None:
    keys = {f"a/{number}.csv" for number in range(5)}
    storage.fail(*keys)

    def press_ctrl_c(_key: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redrive.redrive(storage.description, Selection(keys=keys), on_moved=press_ctrl_c)
    assert storage.depth("work") == 1
    assert storage.depth("dlq") in (4, 5)
    redrive.redrive(storage.description, Selection(keys=keys))
    assert set(storage.keys_in("work")) == keys
    assert storage.depth("dlq") == 0


def test_two_at_once_do_not_disturb_each_other(storage: Storage) -> None:
    storage.fail(*(f"a/{number}.csv" for number in range(10)))
    arn = moving.queue_arn(storage.sqs, storage.description.queues["dlq"])
    other = storage.sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    with pytest.raises(EnvironmentNotReadyError, match="by somebody else already"):
        redrive.redrive(storage.description, Selection())
    storage.sqs.cancel_message_move_task(TaskHandle=other)
    assert storage.depth("dlq") + storage.depth("work") == 10


def test_a_message_is_sent_before_it_is_deleted(storage: Storage) -> None:
    """A queue that takes nothing leaves the message where it is."""
    (file_id,) = storage.fail("a/1.csv")
    queues = {**storage.description.queues, "work": storage.description.queues["work"] + "-gone"}
    with pytest.raises(AwsError):
        redrive.redrive(replace(storage.description, queues=queues), Selection(file_ids={file_id}))
    assert storage.keys_in("dlq") == ["a/1.csv"]


def test_files_that_have_not_failed_for_good_keep_their_rows(storage: Storage) -> None:
    (file_id,) = storage.fail("a/1.csv")
    storage.row(file_id, "transferred", attempts=2)
    done = redrive.redrive(storage.description, Selection())
    assert (done.messages, done.rows) == (1, 0)
    assert storage.item(file_id) == {"file_id": file_id, "status": "transferred", "attempts": "2"}


def test_fifo_messages_come_back_in_their_groups_and_in_order(fifo: Storage) -> None:
    keys = [f"{customer}/{number}.csv" for number in range(3) for customer in "ab"]
    for key in keys:
        fifo.send("dlq", key)
    done = redrive.redrive(fifo.description, Selection())
    assert (done.messages, done.stuck) == (6, [])
    back = fifo.receive("work")
    assert all(message["Attributes"]["MessageGroupId"] in "ab" for message in back)
    for customer in "ab":
        group = [message for message in back if message["Attributes"]["MessageGroupId"] == customer]
        assert len(group) == 3
        assert [f"{customer}/{number}.csv" in message["Body"] for number, message in enumerate(group)] == [
            True
        ] * 3


def test_fifo_messages_can_come_back_twice_within_five_minutes(fifo: Storage) -> None:
    """The deduplication id of the first time would make SQS drop the second one."""
    fifo.send("dlq", "a/1.csv")
    redrive.redrive(fifo.description, Selection())
    (message,) = fifo.receive("work")
    fifo.sqs.send_message(
        QueueUrl=fifo.description.queues["dlq"],
        MessageBody=message["Body"],
        MessageGroupId="a",
        MessageDeduplicationId=uuid.uuid4().hex,
    )
    redrive.redrive(fifo.description, Selection(keys={"a/1.csv"}))
    assert fifo.keys_in("work") == ["a/1.csv"]


def test_a_fifo_message_behind_others_of_its_group_is_told(fifo: Storage) -> None:
    for number in range(12):
        fifo.send("dlq", f"a/{number:02}.csv")
    done = redrive.redrive(fifo.description, Selection(keys={"a/00.csv", "a/11.csv"}))
    assert (done.messages, done.stuck) == (1, ["a/11.csv"])
    assert len(fifo.keys_in("dlq")) == 11


def test_the_change_of_the_row_is_the_pipelines_own(storage: Storage) -> None:
    """The harness must not import the pipeline, so this holds the two together."""
    columns: dict[str, str | int] = {
        "attempts": 3,
        "redrives": 1,
        "failed_at": "t",
        "expires_at": 9,
        "key": "k",
    }
    for file_id in ("ours", "theirs"):
        storage.row(file_id, "failed", **columns)
    table = storage.description.table
    assert redrive.requeue_row(storage.dynamodb, table, "ours")
    change = changes.requeue("theirs", "2026-01-01T00:00:00.000000Z")
    storage.dynamodb.update_item(**statements.update_item(table, change))
    ours, theirs = storage.item("ours"), storage.item("theirs")
    assert {**ours, "file_id": "", "updated_at": ""} == {**theirs, "file_id": "", "updated_at": ""}
    assert ours["redrives"] == "2"
    assert not redrive.requeue_row(storage.dynamodb, table, "ours"), "it says queued now"
    assert not redrive.requeue_row(storage.dynamodb, table, "nobody")


def test_what_became_of_them_is_told(storage: Storage) -> None:
    for file_id, status in (("1", "transferred"), ("2", "failed"), ("3", "queued")):
        storage.row(file_id, status, error_type="SlowDown")
    found = outcomes.wait(
        storage.description, ["1", "2", "3"], 30, pause=lambda _: storage.row("3", "transferred")
    )
    assert found.by_status == {"transferred": 2, "failed": 1}
    assert found.failed_again == {"SlowDown": 1}
    assert not found.all_delivered
    at_once = outcomes.wait(storage.description, ["1", "x"], 0)
    assert at_once.by_status == {"transferred": 1, "without a row": 1}


def test_what_cannot_go_back_is_told(storage: Storage) -> None:
    storage.send("undelivered_events", "a/1.csv")
    queues = {"undelivered_events": storage.description.queues["undelivered_events"]}
    done = redrive.redrive(replace(storage.description, queues=queues), Selection())
    assert (done.messages, done.stuck) == (0, ["a/1.csv"])
    assert storage.depth("undelivered_events") == 1


def test_messages_go_back_at_the_pace_that_was_asked_for(storage: Storage) -> None:
    storage.fail("a/1.csv", "a/2.csv", "a/3.csv")
    began = now()
    redrive.redrive(storage.description, Selection(keys={"a/1.csv", "a/2.csv", "a/3.csv"}), per_s=10)
    assert now() - began >= 0.2
