"""The quarantine alone: what it does with each event, and what a batch does whose copy may still appear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.quarantine.evidence import Evidence
from pipeline.quarantine.quarantining import Quarantine
from pipeline.quarantine.settings import QuarantineSettings
from pipeline.queue.batch import Batch
from pipeline.records.batched import BatchedTable
from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copied
from pipeline.transfer.destination import UPLOAD_TAG
from pipeline.transfer.withdrawing import Withdrawal
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_s3 import client_error
from tests.unit.pipeline.quarantine.world import KEY, SETTINGS, World

pytestmark = pytest.mark.unit

BODY = b"a part of it"


@pytest.fixture
def world() -> World:
    return World("lean")


@pytest.fixture
def quarantine(world: World) -> Iterator[Callable[..., dict[str, Any]]]:
    """Run the task on an event."""
    settings = QuarantineSettings(**SETTINGS, quarantine_bucket="quarantine")
    with ThreadPoolExecutor(1) as pool:
        evidence = Evidence(
            cast(Any, world.s3), Withdrawal(cast(Any, world.s3), "destination"), settings, pool
        )
        table = RecordTable(cast(Any, world.dynamodb), settings)
        task = Quarantine(cast(Any, world.s3), table, evidence, settings, world.passes)
        yield lambda event: task.run(event, 60.0)


def place_copy(world: World, upload: Upload, *, tag: str | None = None) -> None:
    """Put a copy of an upload to the destination, as a worker does."""
    tags = {UPLOAD_TAG: f"{tag or upload.file_id}:00"}
    world.s3.put("destination", upload.key, BODY, tags=tags)


def test_a_row_is_made_with_what_is_known_of_the_upload(world: World, quarantine: Any) -> None:
    upload, _ = world.store(BODY)
    assert quarantine(world.notice(upload))["message"] == "quarantined"
    row = {name: next(iter(value.values())) for name, value in world.dynamodb.rows[upload.file_id].items()}
    assert (row["status"], row["error_type"], row["attempts"]) == ("failed", "PartialUpload", "0")
    assert (row["key"], row["version_id"], row["size_bytes"]) == (KEY, upload.version_id, str(len(BODY)))
    assert (row["customer_id"], row["source_bucket"]) == ("acme", "source")
    assert "quarantine_key" not in row, "nothing had been copied"


def test_the_upload_is_counted_as_failed_once(
    world: World, quarantine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    upload, _ = world.store(BODY)
    for _ in range(3):
        quarantine(world.notice(upload))
    assert capsys.readouterr().out.count('"FilesFailed":[1') == 1


def test_copies_of_other_uploads_stay(world: World, quarantine: Any) -> None:
    upload, _ = world.store(BODY)
    place_copy(world, upload, tag="0" * 32)
    place_copy(world, upload)
    place_copy(world, upload, tag="1" * 32)
    assert quarantine(world.notice(upload))["copies_moved"] == 1
    assert [one.tags[UPLOAD_TAG][:1] for one in world.s3.versions(KEY)] == ["0", "1"]
    (kept,) = world.s3.buckets["quarantine"][upload.file_id]
    assert (kept.body, kept.tags) == (BODY, {UPLOAD_TAG: f"{upload.file_id}:00"})


def test_a_copy_that_another_takes_away_meanwhile_is_no_error(world: World, quarantine: Any) -> None:
    upload, _ = world.store(BODY)
    place_copy(world, upload)
    world.s3.before_copy = lambda: world.s3.buckets["destination"].clear()
    assert quarantine(world.notice(upload))["copies_moved"] == 0


def test_of_two_transfers_that_left_the_same_bytes_each_gets_its_own(world: World, quarantine: Any) -> None:
    first, _ = world.store(BODY)
    second, _ = world.store(BODY)
    told = [world.notice(first), world.notice(second)]
    told[1]["detail"]["session-id"] = "s-2"
    for event in (told[0], told[1], told[1], told[0]):
        quarantine(event)
    assert {world.state(upload) for upload in (first, second)} == {"failed"}
    third, _ = world.store(BODY)
    for event in told:
        quarantine(event)
    assert world.state(third) is None, "a repeated event is about no other upload"


def test_a_folder_gets_no_row(world: World, quarantine: Any) -> None:
    upload, _ = world.store(BODY)
    event = world.notice(upload)
    event["detail"]["file-path"] = "/source/acme/folder/"
    quarantine(event)
    assert (world.dynamodb.rows, world.s3.calls) == ({}, [])


def test_an_upload_that_left_no_object_is_nothing(world: World, quarantine: Any) -> None:
    upload, _ = world.store(BODY)
    event = world.notice(upload)
    event["detail"] |= {"etag": "0" * 32}
    assert quarantine(event)["message"] == "the upload has left no object"
    assert world.dynamodb.rows == {}


class LateCopier:
    """Fails although S3 goes on: the copy appears only afterwards."""

    def __init__(self, world: World, quarantine: Any, upload: Upload) -> None:
        self.world, self.quarantine, self.upload = world, quarantine, upload

    def copy(self, upload: Upload, deadline: Deadline) -> Copied:
        self.quarantine(self.world.notice(upload))
        raise client_error("RequestTimeout")


def test_a_copy_that_failed_and_appears_later_is_looked_for_again(world: World, quarantine: Any) -> None:
    upload, event = world.store(BODY)
    copier = LateCopier(world, quarantine, upload)
    assert receive(world, copier, event, 1) == ["m-1"], "it comes again"
    place_copy(world, upload)
    assert receive(world, copier, event, 2) == []
    assert world.copies(upload) == []


def test_a_copy_that_cannot_be_taken_back_is_tried_again(world: World, quarantine: Any) -> None:
    upload, event = world.store(BODY)
    copier = LateCopier(world, quarantine, upload)
    receive(world, copier, event, 1)
    place_copy(world, upload)
    buckets = world.s3.buckets
    world.s3.buckets = DeniedListing(buckets)
    assert receive(world, copier, event, 2) == ["m-1"]
    world.s3.buckets = buckets
    assert receive(world, copier, event, 3) == []
    assert world.copies(upload) == []


class DeniedListing(dict[str, Any]):
    """Buckets that may not be looked into."""

    def __init__(self, buckets: dict[str, Any]) -> None:
        super().__init__(buckets)

    def __getitem__(self, name: str) -> Any:
        raise client_error("AccessDenied")


def receive(world: World, copier: Any, event: dict[str, Any], count: int) -> list[str]:
    """Run a batch of one message; return the messages that must come again."""
    settings = QuarantineSettings(**SETTINGS, quarantine_bucket="quarantine", recording="lean")
    with ThreadPoolExecutor(1) as pool:
        batch = Batch(
            copier,
            BatchedTable(cast(Any, world.dynamodb), settings),
            pool,
            Deadline(60, 0),
            withdrawal=Withdrawal(cast(Any, world.s3), "destination"),
            claimed_by=f"receive-{count}",
            max_attempts=3,
        )
        returned = batch.run([events.sqs_record(event, receive_count=count)])
    return [delivery.message_id for delivery in returned]
