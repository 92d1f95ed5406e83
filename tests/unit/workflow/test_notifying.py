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
    notify: Notify, table: RecordTable, dynamodb: FakeDynamoDB
) -> None:
    table.claim(UPLOAD, "e-2")
    failed(notify)
    assert dynamodb.rows[UPLOAD.file_id]["status"] == {"S": "processing"}
    table.end(Ending(UPLOAD.file_id, states.TRANSFERRED, "e-2", "now"))
    failed(notify)
    assert dynamodb.rows[UPLOAD.file_id]["status"] == {"S": "transferred"}


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
