"""Broken uploads on a real engine: the event of Transfer Family, before and after that of S3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.aws import client
from harness.deadletters.redrive import requeue_row
from harness.identity import file_id
from tests.integration.pipeline.conftest import THRESHOLD_BYTES, Pipeline, wait_until

pytestmark = pytest.mark.integration

PART = b"the first half, and no m"
SERVER = "arn:aws:transfer:us-east-1:000000000000:server/s-1111aaaa2222bbbb3"


class Breaks:
    """Uploads that break off, as a server that keeps what has arrived leaves them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.events = client("events", pipeline.engine)
        self.count = 0

    def store(self, key: str, body: bytes = PART) -> tuple[str, dict[str, Any]]:
        """Store what has arrived; return its version and the detail of the event that tells of it."""
        self.count += 1
        began = datetime.now(UTC)
        put = self.pipeline.s3.put_object(Bucket=self.pipeline.deployment.source_bucket, Key=key, Body=body)
        detail = {
            "status-code": "FAILED",
            "protocol": "SFTP",
            "bytes": len(body),
            "client-ip": "127.0.0.1",
            "start-timestamp": _nanoseconds(began),
            "end-timestamp": _nanoseconds(datetime.now(UTC)),
            "file-path": f"/{self.pipeline.deployment.source_bucket}/{key}",
            "server-id": "s-1111aaaa2222bbbb3",
            "username": key.partition("/")[0],
            "session-id": f"0049cd844c7536c0{self.count:04x}",
            "etag": put["ETag"].strip('"'),
            "failure-code": "PARTIAL_UPLOAD",
            "failure-message": "File was partially uploaded.",
        }
        return str(put["VersionId"]), detail

    def tell(self, detail: dict[str, Any]) -> None:
        """Send the event."""
        entry = {
            "Source": "aws.transfer",
            "DetailType": "SFTP Server File Upload Failed",
            "Resources": [SERVER],
            "Detail": json.dumps(detail),
        }
        assert self.events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    def withdrawn(self, key: str, version_id: str) -> dict[str, Any]:
        """Wait until the quarantine is done with an upload; return its row."""

        def look() -> dict[str, Any] | None:
            row = self.pipeline.row(key, version_id)
            return row if row and "withdrawn_at" in row else None

        return wait_until(look, lambda: f"{key}: {self.pipeline.row(key, version_id)}")


def _nanoseconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


@pytest.fixture(scope="module")
def breaks(pipeline: Pipeline) -> Breaks:
    return Breaks(pipeline)


def quarantined(pipeline: Pipeline, row: dict[str, Any]) -> bytes:
    answer = pipeline.s3.get_object(Bucket=row["quarantine_bucket"], Key=row["quarantine_key"])
    body: bytes = answer["Body"].read()
    return body


def check(row: dict[str, Any]) -> None:
    assert (row["status"], row["error_type"]) == ("failed", "PartialUpload")
    assert "destination_version_id" not in row
    assert "bytes arrived" in row["error_message"]


@pytest.mark.parametrize("size", [len(PART), THRESHOLD_BYTES + 1], ids=["whole", "by parts"])
def test_what_was_delivered_before_the_event_came_is_moved_away(
    pipeline: Pipeline, breaks: Breaks, customer: str, size: int
) -> None:
    key, body = f"{customer}/file.csv", (PART * (size // len(PART) + 1))[:size]
    version_id, detail = breaks.store(key, body)
    pipeline.wait_for_row(key, version_id, "transferred")
    assert pipeline.read(key) == body
    breaks.tell(detail)
    row = breaks.withdrawn(key, version_id)
    check(row)
    assert pipeline.delivered(customer) == []
    assert quarantined(pipeline, row) == body


def test_an_event_that_comes_first_makes_the_row_and_the_claim_is_refused(
    pipeline: Pipeline, breaks: Breaks, customer: str, held_back: Callable[[], None]
) -> None:
    key = f"{customer}/file.csv"
    version_id, detail = breaks.store(key)
    breaks.tell(detail)
    row = breaks.withdrawn(key, version_id)
    held_back()
    pipeline.wait_until_quiet()
    assert pipeline.row(key, version_id) == row
    check(row)
    assert (pipeline.delivered(customer), row["attempts"]) == ([], 0)


def test_the_whole_file_that_comes_afterwards_is_delivered(
    pipeline: Pipeline, breaks: Breaks, customer: str
) -> None:
    """It holds the same bytes as well: all of them had arrived, and only the close was missing."""
    for name, body in (("more.csv", PART + b"ore"), ("same.csv", PART)):
        key = f"{customer}/{name}"
        partial, detail = breaks.store(key)
        whole = pipeline.put(key, body)
        breaks.tell(detail)
        pipeline.wait_for_row(key, whole, "transferred")
        check(breaks.withdrawn(key, partial))
        assert pipeline.read(key) == body
        assert len(pipeline.delivered(key)) == 1


def test_a_partial_replacement_uncovers_what_was_delivered_before(
    pipeline: Pipeline, breaks: Breaks, customer: str
) -> None:
    key = f"{customer}/file.csv"
    first = pipeline.put(key, b"the whole file of yesterday")
    pipeline.wait_for_row(key, first, "transferred")
    version_id, detail = breaks.store(key)
    pipeline.wait_for_row(key, version_id, "transferred")
    breaks.tell(detail)
    check(breaks.withdrawn(key, version_id))
    assert pipeline.read(key) == b"the whole file of yesterday"


def test_neither_a_second_event_nor_a_redrive_brings_it_back(
    pipeline: Pipeline, breaks: Breaks, customer: str
) -> None:
    key = f"{customer}/file.csv"
    version_id, detail = breaks.store(key)
    breaks.tell(detail)
    row = breaks.withdrawn(key, version_id)
    identity = file_id(pipeline.deployment.source_bucket, key, version_id)
    assert requeue_row(pipeline.dynamodb, pipeline.deployment.table, identity) is False
    pipeline.send(json.dumps(s3_event(pipeline, key, version_id, len(PART), detail["etag"])))
    pipeline.wait_until_quiet()
    assert pipeline.row(key, version_id)["quarantined_at"] == row["quarantined_at"]  # type: ignore[index]
    assert (pipeline.row(key, version_id) or {})["status"] == "failed"
    assert pipeline.delivered(customer) == []


def s3_event(pipeline: Pipeline, key: str, version_id: str, size: int, etag: str) -> dict[str, Any]:
    found = {"key": key, "version-id": version_id, "size": size, "etag": etag, "sequencer": "00AA"}
    detail = {"bucket": {"name": pipeline.deployment.source_bucket}, "object": found}
    return {"detail-type": "Object Created", "time": "2026-11-23T00:00:00Z", "detail": detail}


@contextmanager
def watched(pipeline: Pipeline, function: str) -> Iterator[Callable[[], int]]:
    """Count a function's invocations by the reports in its log."""
    logs = client("logs", pipeline.engine)
    group = f"/aws/lambda/{pipeline.deployment.functions[function]}"

    def reports() -> int:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REPORT")
        return sum(len(page["events"]) for page in pages)

    yield reports


def test_an_event_without_an_object_does_nothing(pipeline: Pipeline, breaks: Breaks, customer: str) -> None:
    """A server that discards what has arrived tells of the break all the same, without an ETag."""
    key = f"{customer}/file.csv"
    whole = pipeline.put(key, PART)
    pipeline.wait_for_row(key, whole, "transferred")
    later = datetime.now(UTC) + timedelta(minutes=1)
    detail = {
        "status-code": "FAILED",
        "protocol": "SFTP",
        "bytes": len(PART),
        "start-timestamp": _nanoseconds(later),
        "end-timestamp": _nanoseconds(later),
        "file-path": f"/{pipeline.deployment.source_bucket}/{key}",
        "session-id": "0049cd844c7536c06a89",
        "username": customer,
        "failure-code": "PARTIAL_UPLOAD",
    }
    with watched(pipeline, "quarantine") as reports:
        before = reports()
        breaks.tell(detail)
        wait_until(lambda: reports() > before, lambda: f"{reports()} reports")
    assert (pipeline.row(key, whole) or {})["status"] == "transferred"
    assert pipeline.read(key) == PART
