"""Validate: names, sizes, suffixes, and the claim."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.common.events import read_upload
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.single import RecordTable
from pipeline.workflow.documents import STARTED_BY
from pipeline.workflow.errors import (
    DisallowedTypeError,
    EmptyNameError,
    InvalidNameError,
    NameTooLongError,
    NothingToDoError,
    RefusedError,
    TooLargeError,
    TransientError,
)
from pipeline.workflow.settings import ValidateSettings
from pipeline.workflow.validating import Rules, Validate
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB

pytestmark = pytest.mark.unit

EVENT = events.object_created(key="acme/in/a.csv", size=10)
UPLOAD = read_upload(EVENT)


@pytest.fixture
def validate(table: RecordTable) -> Validate:
    return Validate(table, Rules(max_size_bytes=10, suffixes=(".csv", ".txt")))


def run(validate: Validate, event: Any = EVENT, execution: str = "e-1") -> dict[str, Any]:
    return validate.run({"event": event, "execution": execution})


def test_a_file_that_may_pass_is_claimed(validate: Validate, dynamodb: FakeDynamoDB) -> None:
    document = run(validate)
    assert document["child_name"] == f"{UPLOAD.file_id}-1"
    assert (document[STARTED_BY], document["attempt"]) == ("e-1", 1)
    json.dumps(document)
    row = dynamodb.rows[UPLOAD.file_id]
    assert (row["status"], row["claimed_by"]) == ({"S": "processing"}, {"S": "e-1"})
    assert dynamodb.calls == ["UpdateItem"]


@pytest.mark.parametrize(
    ("key", "size", "error"),
    [
        ("acme/ ", 1, EmptyNameError),
        ("acme/", 1, EmptyNameError),
        ("acme/a\x07.csv", 1, InvalidNameError),
        ("acme/" + "ä" * 126 + ".csv", 1, NameTooLongError),
        ("acme/a.exe", 1, DisallowedTypeError),
        ("acme/a.csv", 11, TooLargeError),
    ],
)
def test_refusals(
    validate: Validate, dynamodb: FakeDynamoDB, key: str, size: int, error: type[RefusedError]
) -> None:
    event = events.object_created(key=key, size=size)
    with pytest.raises(error):
        run(validate, event)
    # Claimed all the same, so that the refusal is written by whoever holds the row.
    assert dynamodb.rows[read_upload(event).file_id]["claimed_by"] == {"S": "e-1"}


@pytest.mark.parametrize("key", ["acme/" + "ä" * 125 + ".csv", "acme/A.CSV", "acme/.txt"])
def test_names_at_the_border_pass(validate: Validate, key: str) -> None:
    assert run(validate, events.object_created(key=key, size=10))["attempt"] == 1


def test_every_suffix_may_be_allowed() -> None:
    settings = ValidateSettings(table_name="t", destination_bucket="d")
    Rules.of(settings).check(read_upload(events.object_created(key="a/b.exe")))


def test_suffixes_are_read_from_a_list() -> None:
    settings = ValidateSettings(table_name="t", destination_bucket="d", allowed_suffixes=" .CSV, .txt ,")
    assert Rules.of(settings).suffixes == (".csv", ".txt")


def test_the_marker_of_a_folder_gets_no_row(validate: Validate, dynamodb: FakeDynamoDB) -> None:
    with pytest.raises(NothingToDoError, match="marker"):
        run(validate, events.object_created(key="acme/folder/", size=0))
    assert dynamodb.rows == {}


def test_what_another_execution_holds_is_left_to_it(validate: Validate, dynamodb: FakeDynamoDB) -> None:
    run(validate)
    with pytest.raises(NothingToDoError, match="processing, by e-1"):
        run(validate, execution="e-2")
    assert dynamodb.rows[UPLOAD.file_id]["attempts"] == {"N": "1"}


def test_the_same_execution_may_claim_again(validate: Validate) -> None:
    run(validate)
    assert run(validate)["child_name"].endswith("-2")


def end(table: RecordTable, status: str) -> None:
    assert table.end(Ending(UPLOAD.file_id, status, "e-1", "2026-11-22T20:00:00.000000Z")).applied


@pytest.mark.parametrize("status", [states.TRANSFERRED, states.SUPERSEDED, states.FAILED])
def test_what_has_ended_stays_so(validate: Validate, table: RecordTable, status: str) -> None:
    run(validate)
    end(table, status)
    with pytest.raises(NothingToDoError, match=status):
        run(validate, execution="e-2")


def test_a_failed_file_is_tried_again_on_request(validate: Validate, table: RecordTable) -> None:
    run(validate)
    end(table, states.FAILED)
    document = run(validate, {**EVENT, "redrive": True}, "e-2")
    assert document["child_name"] == f"{UPLOAD.file_id}-1-r1"


def test_a_delivered_file_is_not_tried_again_even_on_request(validate: Validate, table: RecordTable) -> None:
    run(validate)
    end(table, states.TRANSFERRED)
    with pytest.raises(NothingToDoError):
        run(validate, {**EVENT, "redrive": True}, "e-2")


def test_a_table_that_throttles_is_tried_again(validate: Validate, dynamodb: FakeDynamoDB) -> None:
    dynamodb.down = "ThrottlingException"
    with pytest.raises(TransientError, match="ThrottlingException"):
        run(validate)
