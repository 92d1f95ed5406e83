"""Notify: messages, and the rows of failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.common.events import read_upload
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.single import RecordTable
from pipeline.workflow.errors import TransientError
from pipeline.workflow.notifying import Notify
from pipeline.workflow.settings import NotifySettings
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.workflow.fakes import FakeTopic

pytestmark = pytest.mark.unit

EVENT = events.object_created()
UPLOAD = read_upload(EVENT)
ERROR = {"Error": "TooLargeError", "Cause": '{"errorType": "TooLargeError", "errorMessage": "7 bytes"}'}


@pytest.fixture
def topic() -> FakeTopic:
    return FakeTopic()


@pytest.fixture
def notify(topic: FakeTopic, table: RecordTable) -> Notify:
    settings = NotifySettings(table_name="table", destination_bucket="destination", results_topic_arn="arn")
    return Notify(topic, table, settings)


def failed(notify: Notify, given: Any = EVENT) -> dict[str, Any]:
    return notify.run({"error": ERROR, "input": given, "execution": "e-1"})


def test_a_result_is_published_and_handed_on(notify: Notify, topic: FakeTopic) -> None:
    assert notify.run({"result": {"status": "Success"}}) == {"status": "Success"}
    assert [json.loads(text) for text in topic.messages] == [{"status": "Success"}]


def test_a_result_that_cannot_be_published_is_tried_again(notify: Notify, topic: FakeTopic) -> None:
    topic.down = "Throttling"
    with pytest.raises(TransientError):
        notify.run({"result": {}})


def test_a_failure_is_recorded_then_published(
    notify: Notify, topic: FakeTopic, table: RecordTable, dynamodb: FakeDynamoDB
) -> None:
    table.claim(UPLOAD, "e-1")
    result = failed(notify)
    assert (result["error"], result["cause"], result["status"]) == ("TooLarge", "7 bytes", "Failed")
    row = dynamodb.rows[UPLOAD.file_id]
    assert (row["status"], row["error_type"]) == ({"S": "failed"}, {"S": "TooLarge"})
    (message,) = [json.loads(text) for text in topic.messages]
    assert (message["file_id"], message["execution"]) == (UPLOAD.file_id, "e-1")


@pytest.mark.parametrize("with_row", [False, True])
def test_a_file_that_was_never_claimed_is_recorded_too(
    notify: Notify, table: RecordTable, dynamodb: FakeDynamoDB, with_row: bool
) -> None:
    if with_row:
        dynamodb.rows[UPLOAD.file_id] = {"file_id": {"S": UPLOAD.file_id}, "status": {"S": "queued"}}
    failed(notify)
    row = dynamodb.rows[UPLOAD.file_id]
    assert (row["status"], row["claimed_by"]) == ({"S": "failed"}, {"S": "e-1"})


def test_what_another_execution_holds_or_has_delivered_stays(
    notify: Notify, topic: FakeTopic, table: RecordTable, dynamodb: FakeDynamoDB
) -> None:
    table.claim(UPLOAD, "e-2")
    assert failed(notify)["status"] == "Failed", "this execution has"
    assert dynamodb.rows[UPLOAD.file_id]["status"] == {"S": "processing"}
    table.end(Ending(UPLOAD.file_id, states.TRANSFERRED, "e-2", "now"))
    assert failed(notify)["status"] == "Success"
    assert dynamodb.rows[UPLOAD.file_id]["status"] == {"S": "transferred"}
    assert topic.messages == [], "it is the other execution's to publish"


def test_an_error_after_the_delivery_is_no_failure_of_the_file(
    notify: Notify, topic: FakeTopic, table: RecordTable
) -> None:
    table.claim(UPLOAD, "e-1")
    table.end(Ending(UPLOAD.file_id, states.TRANSFERRED, "e-1", "now"))
    result = failed(notify)
    assert (result["status"], "error" in result) == ("Success", False)
    assert [json.loads(text)["status"] for text in topic.messages] == ["Success"]


def ended(notify: Notify, **more: Any) -> bool:
    """Hand over the event of an execution that ended; return whether that changed the row."""
    detail = {"executionArn": "e-1", "status": "FAILED", "input": json.dumps(EVENT), **more}
    return bool(notify.run({"source": "aws.states", "detail": detail})["recorded"])


@pytest.mark.parametrize(
    ("told", "error_type"),
    [
        ({"error": "Runtime.ExitError", "cause": "it died"}, "Runtime.ExitError"),
        ({"status": "TIMED_OUT"}, "ExecutionTimedOut"),
        ({"status": "ABORTED", "error": None, "cause": None}, "ExecutionAborted"),
        ({}, "ExecutionFailed"),
    ],
)
@pytest.mark.parametrize("status", [None, "uploaded", "processing"])
def test_what_an_execution_has_left_without_an_end_is_recorded(
    notify: Notify,
    topic: FakeTopic,
    table: RecordTable,
    dynamodb: FakeDynamoDB,
    told: dict[str, Any],
    error_type: str,
    status: str | None,
) -> None:
    if status == "processing":
        table.claim(UPLOAD, "e-1")
    elif status:
        dynamodb.rows[UPLOAD.file_id] = {"file_id": {"S": UPLOAD.file_id}, "status": {"S": status}}
    assert ended(notify, **told)
    row = dynamodb.rows[UPLOAD.file_id]
    assert (row["status"], row["error_type"], row["claimed_by"]) == (
        {"S": "failed"},
        {"S": error_type},
        {"S": "e-1"},
    )
    assert row["error_message"]["S"]
    assert [json.loads(text)["error"] for text in topic.messages] == [error_type]


@pytest.mark.parametrize("status", [states.FAILED, states.TRANSFERRED, states.SUPERSEDED])
def test_an_end_that_is_recorded_already_stays_and_is_not_published_again(
    notify: Notify, topic: FakeTopic, table: RecordTable, dynamodb: FakeDynamoDB, status: str
) -> None:
    table.claim(UPLOAD, "e-1")
    table.end(Ending(UPLOAD.file_id, status, "e-1", "now"))
    before = dict(dynamodb.rows[UPLOAD.file_id])
    assert not ended(notify)
    assert dynamodb.rows[UPLOAD.file_id] == before
    assert topic.messages == []


@pytest.mark.parametrize("given", [None, "{", '{"no": "event"}'])
def test_an_execution_about_no_upload_leaves_nothing_to_record(
    notify: Notify, dynamodb: FakeDynamoDB, given: str | None
) -> None:
    assert not ended(notify, input=given)
    assert dynamodb.rows == {}


def test_trying_again_changes_nothing(notify: Notify, table: RecordTable, dynamodb: FakeDynamoDB) -> None:
    table.claim(UPLOAD, "e-1")
    failed(notify)
    before = dict(dynamodb.rows[UPLOAD.file_id])
    failed(notify)
    assert dynamodb.rows[UPLOAD.file_id] == before


def test_an_input_that_is_no_upload_is_published_without_a_row(
    notify: Notify, topic: FakeTopic, dynamodb: FakeDynamoDB
) -> None:
    assert failed(notify, {"no": "event"})["error"] == "TooLarge"
    assert dynamodb.rows == {}
    assert len(topic.messages) == 1


def test_a_lost_message_does_not_hide_the_failure(
    notify: Notify, topic: FakeTopic, table: RecordTable, dynamodb: FakeDynamoDB
) -> None:
    table.claim(UPLOAD, "e-1")
    topic.down = "NotFound"
    assert failed(notify)["error"] == "TooLarge"
    assert dynamodb.rows[UPLOAD.file_id]["status"] == {"S": "failed"}


def test_a_table_that_throttles_is_tried_again(notify: Notify, dynamodb: FakeDynamoDB) -> None:
    dynamodb.down = "ThrottlingException"
    with pytest.raises(TransientError):
        failed(notify)
