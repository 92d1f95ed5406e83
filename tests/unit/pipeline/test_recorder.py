"""The recorder: one row for each upload, in few calls, none over one that is there."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pipeline.common.settings import RecorderSettings
from pipeline.records.batched import BatchedTable
from pipeline.records.recorder import Recorder
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.test_batch import record

pytestmark = pytest.mark.unit


def recorder(dynamodb: FakeDynamoDB, **more: Any) -> Recorder:
    settings = RecorderSettings(table_name="table", destination_bucket="destination", **more)
    return Recorder(BatchedTable(cast(Any, dynamodb), settings), settings)


def test_a_row_tells_the_upload_and_when_it_was_queued(dynamodb: FakeDynamoDB) -> None:
    assert recorder(dynamodb).record([record("acme/a.csv")]) == []
    (row,) = dynamodb.rows.values()
    assert row["status"] == {"S": "queued"}
    assert row["queued_at"] == {"S": "2026-11-22T20:05:23.123000Z"}
    assert (row["attempts"], row["key"]) == ({"N": "0"}, {"S": "acme/a.csv"})
    assert "first_received_at" not in row


def test_where_no_work_queue_follows_the_upload_is_not_queued(dynamodb: FakeDynamoDB) -> None:
    recorder(dynamodb, recorded_status="uploaded").record([record("a")])
    (row,) = dynamodb.rows.values()
    assert row["status"] == {"S": "uploaded"}
    assert "queued_at" not in row


def test_twenty_five_rows_are_one_call(dynamodb: FakeDynamoDB) -> None:
    assert recorder(dynamodb).record([record(str(number)) for number in range(60)]) == []
    assert (len(dynamodb.calls), len(dynamodb.rows)) == (3, 60)


def test_a_row_that_is_there_stays(dynamodb: FakeDynamoDB) -> None:
    recorder(dynamodb, recorded_status="uploaded").record([record("a")])
    assert recorder(dynamodb).record([record("a", message_id="late")]) == []
    (row,) = dynamodb.rows.values()
    assert row["status"] == {"S": "uploaded"}


def test_each_message_fails_for_itself(dynamodb: FakeDynamoDB) -> None:
    batch = [events.sqs_record("not json", message_id="bad"), record("a"), record("acme/folder/")]
    assert recorder(dynamodb).record(batch) == ["bad"]
    assert len(dynamodb.rows) == 1


def test_rows_that_were_not_written_bring_all_their_messages_back(dynamodb: FakeDynamoDB) -> None:
    dynamodb.down = "InternalServerError"
    batch = [record("a", message_id="1"), record("a", message_id="2"), record("b", message_id="3")]
    assert recorder(dynamodb).record(batch) == ["1", "2", "3"]
