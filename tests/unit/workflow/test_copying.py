"""Copy: the whole of route `direct` in one task."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copier
from pipeline.workflow.copying import Copy
from pipeline.workflow.errors import PermanentError, TransientError
from pipeline.workflow.settings import DeliverySettings
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import client_error
from tests.unit.workflow.conftest import PutUpload
from tests.unit.workflow.fakes import FakeStorage

pytestmark = pytest.mark.unit


@pytest.fixture
def copy(s3: FakeStorage, copier: Copier, table: RecordTable, settings: DeliverySettings) -> Copy:
    return Copy(s3, copier, table, settings)  # type: ignore[arg-type]


def task(key: str, **more: Any) -> dict[str, Any]:
    return {"source_bucket": "source", "destination_bucket": "destination", "key": key, **more}


def run(copy: Copy, **more: Any) -> dict[str, Any]:
    return copy.run(task("acme/a.csv", **more), 60, "request-1")


def refuse_with(s3: FakeStorage, code: str) -> None:
    def refuse() -> None:
        raise client_error(code)

    s3.before_copy = refuse


def status(dynamodb: FakeDynamoDB, file_id: str) -> str:
    return str(dynamodb.rows[file_id]["status"]["S"])


def test_three_fields_are_enough(copy: Copy, s3: FakeStorage, dynamodb: FakeDynamoDB, put: PutUpload) -> None:
    upload, _ = put()
    result = run(copy)
    assert (result["status"], result["message"]) == ("Success", "File acme/a.csv copied successfully")
    assert result["file_id"] == upload.file_id
    assert status(dynamodb, upload.file_id) == "transferred"
    assert dynamodb.rows[upload.file_id]["claimed_by"] == {"S": "request-1"}


def test_an_event_saves_the_question(copy: Copy, s3: FakeStorage, put: PutUpload) -> None:
    upload, event = put()
    assert run(copy, event=event, execution="e-1")["file_id"] == upload.file_id
    assert s3.calls == ["HeadObject", "CopyObject"]  # the head is the copier's


def test_an_event_that_was_written_by_hand_may_be_short(copy: Copy, put: PutUpload) -> None:
    upload, _ = put()
    event = {"detail": {"bucket": {"name": "source"}, "object": {"key": "acme/a.csv"}}}
    assert run(copy, event=event)["file_id"] == upload.file_id


def test_by_hand_a_newer_upload_takes_the_place_of_an_older_copy(
    copy: Copy, s3: FakeStorage, put: PutUpload
) -> None:
    _, event = put(body=b"one")
    run(copy, event=event)
    put(body=b"two")
    assert run(copy)["status"] == "Success"
    assert [version.body for version in s3.versions("acme/a.csv")] == [b"one", b"two"]
    _, event = put(body=b"three")
    assert run(copy, event=event)["status"] == "Success"
    assert s3.versions("acme/a.csv")[-1].body == b"three"


def test_a_duplicate_gets_the_result_of_the_first(copy: Copy, s3: FakeStorage, put: PutUpload) -> None:
    _, event = put()
    first = run(copy, event=event, execution="e-1")
    second = run(copy, event=event, execution="e-2")
    assert second == {**first, "already_handled": True}
    assert len(s3.versions("acme/a.csv")) == 1


def test_what_another_execution_holds_is_left_to_it(copy: Copy, table: RecordTable, put: PutUpload) -> None:
    upload, event = put()
    table.claim(upload, "e-1")
    assert run(copy, event=event, execution="e-2")["status"] == "AlreadyHandled"


def test_a_throttle_is_tried_again_until_the_last_attempt(
    copy: Copy, s3: FakeStorage, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, event = put()
    refuse_with(s3, "SlowDown")
    with pytest.raises(TransientError, match=r"^SlowDown"):
        run(copy, event=event, execution="e-1")
    assert status(dynamodb, upload.file_id) == "queued"
    with pytest.raises(PermanentError, match=r"^SlowDown"):
        run(copy, event=event, execution="e-1")
    assert status(dynamodb, upload.file_id) == "failed"
    assert dynamodb.rows[upload.file_id]["error_type"] == {"S": "SlowDown"}
    assert dynamodb.rows[upload.file_id]["attempts"] == {"N": "2"}


def test_a_success_after_a_throttle_shows_no_error(
    copy: Copy, s3: FakeStorage, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, event = put()
    refuse_with(s3, "SlowDown")
    with pytest.raises(TransientError):
        run(copy, event=event, execution="e-1")
    s3.before_copy = lambda: None
    assert run(copy, event=event, execution="e-1")["status"] == "Success"
    assert "error_type" not in dynamodb.rows[upload.file_id]


def test_a_refusal_fails_at_once_and_can_be_redriven(
    copy: Copy, s3: FakeStorage, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, event = put()
    refuse_with(s3, "AccessDenied")
    with pytest.raises(PermanentError, match=r"^AccessDenied"):
        run(copy, event=event, execution="e-1")
    assert status(dynamodb, upload.file_id) == "failed"
    s3.before_copy = lambda: None
    assert run(copy, event=event, execution="e-2")["status"] == "AlreadyHandled"
    assert run(copy, event={**event, "redrive": True}, execution="e-3")["status"] == "Success"


def test_a_source_that_has_vanished_ends_well(
    copy: Copy, s3: FakeStorage, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, event = put()
    s3.delete("source", upload.key)
    assert run(copy, event=event, execution="e-1")["status"] == "Superseded"
    assert status(dynamodb, upload.file_id) == "superseded"


def test_the_destination_is_the_one_of_the_input(copy: Copy, s3: FakeStorage, put: PutUpload) -> None:
    put()
    s3.buckets["elsewhere"] = {}
    result = run(copy, destination_bucket="elsewhere")
    assert result["destination_bucket"] == "elsewhere"
    assert len(s3.buckets["elsewhere"]["acme/a.csv"]) == 1
    assert s3.versions("acme/a.csv") == []


@pytest.mark.parametrize("name", ["source_bucket", "destination_bucket", "key"])
def test_what_is_missing_is_named(copy: Copy, name: str) -> None:
    given = {field: value for field, value in task("acme/a.csv").items() if field != name}
    with pytest.raises(PermanentError, match=f"MissingInput: {name}"):
        copy.run(given, 60, "request-1")
