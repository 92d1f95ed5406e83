"""Rows: few calls, and a status that never goes backwards."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.common.events import parse_delivery, parse_upload
from pipeline.records.metadata import FAILED, SUPERSEDED, TRANSFERRED, MetadataTable, Outcome
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB

pytestmark = pytest.mark.unit

STARTED, ENDED = "2026-11-22T20:05:24.000000Z", "2026-11-22T20:05:25.000000Z"


@pytest.fixture
def table(dynamodb: FakeDynamoDB) -> MetadataTable:
    return MetadataTable(cast(Any, dynamodb), "table", "destination")


def outcome(status: str, *, key: str = "acme/a.csv", receive_count: int = 1, **more: Any) -> Outcome:
    return Outcome(
        upload=parse_upload(json.dumps(events.object_created(key=key))),
        delivery=parse_delivery(events.sqs_record("", receive_count=receive_count)),
        status=status,
        handler_started_at=STARTED,
        **more,
    )


def only_row(dynamodb: FakeDynamoDB) -> dict[str, str]:
    (row,) = dynamodb.rows.values()
    return {name: next(iter(value.values())) for name, value in row.items()}


def test_a_row_holds_the_columns_of_the_contract(table: MetadataTable, dynamodb: FakeDynamoDB) -> None:
    transferred = outcome(TRANSFERRED, transfer_timestamp=STARTED, destination_version_id="d1")
    assert table.write([transferred], ENDED) == {}
    row = only_row(dynamodb)
    assert len(row.pop("file_id")) == 32
    assert row == {
        "source_bucket": "acme-source",
        "destination_bucket": "destination",
        "key": "acme/a.csv",
        "customer_id": "acme",
        "version_id": "wJtAWeNtEXAMPLE",
        "destination_version_id": "d1",
        "size_bytes": "5",
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "upload_timestamp": "2026-11-22T20:05:23.000000Z",
        "transfer_timestamp": STARTED,
        "queued_at": row["queued_at"],
        "first_received_at": row["first_received_at"],
        "handler_started_at": STARTED,
        "handler_ended_at": ENDED,
        "receive_count": "1",
        "attempts": "1",
        "status": "transferred",
    }


def test_a_batch_is_one_call(table: MetadataTable, dynamodb: FakeDynamoDB) -> None:
    table.write([outcome(TRANSFERRED, key=f"acme/{number}") for number in range(10)], ENDED)
    assert dynamodb.calls == ["BatchExecuteStatement"]
    assert len(dynamodb.rows) == 10


def test_more_rows_than_fit_into_one_call_are_all_written(
    table: MetadataTable, dynamodb: FakeDynamoDB
) -> None:
    table.write([outcome(TRANSFERRED, key=f"acme/{number}") for number in range(60)], ENDED)
    assert len(dynamodb.calls) == 3
    assert len(dynamodb.rows) == 60


@pytest.mark.parametrize("final", [TRANSFERRED, SUPERSEDED])
@pytest.mark.parametrize("later", [FAILED, SUPERSEDED, TRANSFERRED])
def test_a_final_status_stays(table: MetadataTable, dynamodb: FakeDynamoDB, final: str, later: str) -> None:
    table.write([outcome(final)], ENDED)
    before = only_row(dynamodb)
    assert table.write([outcome(later, receive_count=2, error_type="X")], ENDED) == {}
    assert only_row(dynamodb) == before


def test_a_retry_turns_failed_into_transferred(table: MetadataTable, dynamodb: FakeDynamoDB) -> None:
    table.write([outcome(FAILED, error_type="SlowDown", error_message="slow down")], ENDED)
    table.write([outcome(TRANSFERRED, receive_count=2, destination_version_id="d1")], ENDED)
    row = only_row(dynamodb)
    assert (row["status"], row["attempts"], row["receive_count"]) == ("transferred", "2", "2")
    assert row["destination_version_id"] == "d1"
    assert "error_type" not in row
    assert "error_message" not in row


def test_each_failure_is_counted_and_the_last_cause_shown(
    table: MetadataTable, dynamodb: FakeDynamoDB
) -> None:
    table.write([outcome(FAILED, error_type="First", error_message="1")], ENDED)
    table.write([outcome(FAILED, receive_count=2, error_type="Second", error_message="2")], ENDED)
    row = only_row(dynamodb)
    assert (row["status"], row["attempts"], row["error_type"]) == ("failed", "2", "Second")


def test_a_long_message_is_cut(table: MetadataTable, dynamodb: FakeDynamoDB) -> None:
    table.write([outcome(FAILED, error_message="x" * 5000)], ENDED)
    assert len(only_row(dynamodb)["error_message"]) == 1000


def test_a_refused_row_is_reported(table: MetadataTable, dynamodb: FakeDynamoDB) -> None:
    dynamodb.refuse = "ProvisionedThroughputExceeded"
    errors = table.write([outcome(TRANSFERRED)], ENDED)
    assert "ProvisionedThroughputExceeded" in str(next(iter(errors.values())))


def test_a_table_that_does_not_answer_is_reported_like_one_that_refuses(
    table: MetadataTable, dynamodb: FakeDynamoDB
) -> None:
    """The messages then come again after the short delay, and not with the long visibility timeout."""
    silent = ReadTimeoutError(endpoint_url="http://table")
    dynamodb.down = silent
    errors = table.write([outcome(TRANSFERRED, key="acme/a"), outcome(TRANSFERRED, key="acme/b")], ENDED)
    assert list(errors.values()) == [silent, silent]


def test_an_update_that_is_not_answered_is_reported(
    table: MetadataTable, dynamodb: FakeDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.write([outcome(FAILED)], ENDED)
    silent = ReadTimeoutError(endpoint_url="http://table")

    def give_no_answer(**_: Any) -> None:
        raise silent

    monkeypatch.setattr(dynamodb, "update_item", give_no_answer)
    assert list(table.write([outcome(TRANSFERRED)], ENDED).values()) == [silent]


def test_a_table_that_is_down_is_reported_for_every_row(table: MetadataTable, dynamodb: FakeDynamoDB) -> None:
    dynamodb.down = "InternalServerError"
    errors = table.write([outcome(TRANSFERRED, key=f"acme/{number}") for number in range(3)], ENDED)
    assert len(errors) == 3
