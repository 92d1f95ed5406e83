"""Repeated and disordered events: one upload, one row, one destination version, the newest upload on top."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.pipeline.conftest import THRESHOLD_BYTES, Pipeline

pytestmark = pytest.mark.integration


def event(pipeline: Pipeline, key: str, version_id: str, *, sequencer: str, body: bytes = b"hello") -> str:
    """Return the message that EventBridge would send for an upload."""
    etag = hashlib.md5(body).hexdigest()
    found = {"key": key, "size": len(body), "etag": etag, "version-id": version_id, "sequencer": sequencer}
    bucket = {"name": pipeline.deployment.source_bucket}
    return json.dumps(
        {
            "version": "0",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "time": "2026-11-22T20:05:23Z",
            "detail": {"bucket": bucket, "object": found, "reason": "PutObject"},
        }
    )


def test_the_same_event_many_times_at_once_makes_one_version(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/a.csv"
    version_id = pipeline.put(key)
    message = event(pipeline, key, version_id, sequencer="ff")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pipeline.send, [message] * 24))
    pipeline.wait_for_row(key, version_id, "transferred")
    pipeline.wait_until_quiet()
    assert len(pipeline.delivered(customer)) == 1
    (row,) = pipeline.rows(customer)
    assert row["destination_version_id"] == pipeline.delivered(customer)[0]["VersionId"]


def test_an_event_that_comes_again_much_later_changes_nothing(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/a.csv"
    version_id = pipeline.put(key)
    before = pipeline.wait_for_row(key, version_id, "transferred")
    pipeline.send(event(pipeline, key, version_id, sequencer="ff"))
    pipeline.wait_until_quiet()
    assert pipeline.row(key, version_id) == before
    assert len(pipeline.delivered(customer)) == 1


def test_a_key_that_is_uploaded_again_ends_with_the_newer_version(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/a.csv"
    first = pipeline.put(key, b"first")
    pipeline.wait_for_row(key, first, "transferred")
    second = pipeline.put(key, b"second")
    pipeline.wait_for_row(key, second, "transferred")
    assert pipeline.read(key) == b"second"
    assert len(pipeline.delivered(customer)) == 2
    assert {row["status"] for row in pipeline.rows(customer)} == {"transferred"}


@pytest.mark.parametrize("body", [b"the same bytes", b"", b"large" * (THRESHOLD_BYTES // 5 + 1)])
def test_the_same_bytes_again_with_repeated_events_make_two_versions(
    pipeline: Pipeline, customer: str, body: bytes
) -> None:
    key = f"{customer}/a.csv"
    first = pipeline.put(key, body, ContentType="text/csv")
    pipeline.wait_for_row(key, first, "transferred")
    second = pipeline.put(key, body, ContentType="text/csv")
    message = event(pipeline, key, second, sequencer="ff", body=body)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pipeline.send, [message] * 16))
    row = pipeline.wait_for_row(key, second, "transferred")
    pipeline.wait_until_quiet()
    newest, _ = pipeline.delivered(customer)
    assert newest["VersionId"] == row["destination_version_id"]
    assert pipeline.read(key) == body
    head = pipeline.s3.head_object(Bucket=pipeline.deployment.destination_bucket, Key=key)
    assert head["ContentType"] == "text/csv"


def test_a_burst_of_uploads_to_one_key_ends_with_the_newest(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/a.csv"
    versions = [pipeline.put(key, f"upload {number}".encode()) for number in range(12)]
    pipeline.wait_for_row(key, versions[-1], "transferred")
    pipeline.wait_until_quiet()
    assert pipeline.read(key) == b"upload 11"
    rows = pipeline.rows(customer)
    assert {row["version_id"] for row in rows} == set(versions)
    assert {row["status"] for row in rows} <= {"transferred", "superseded"}
    transferred = [row["destination_version_id"] for row in rows if row["status"] == "transferred"]
    assert sorted(transferred) == sorted(found["VersionId"] for found in pipeline.delivered(customer))


def test_an_older_upload_that_is_handled_last_is_superseded(
    pipeline: Pipeline, customer: str, held_back: Callable[[], None]
) -> None:
    key = f"{customer}/a.csv"
    older, newer = pipeline.put(key, b"older"), pipeline.put(key, b"newer")
    held_back()
    pipeline.wait_for_row(key, newer, "transferred")
    assert pipeline.wait_for_row(key, older, "superseded")["error_type"] == "Superseded"
    pipeline.send(event(pipeline, key, older, sequencer="00"))
    pipeline.wait_until_quiet()
    assert pipeline.read(key) == b"newer"
    assert len(pipeline.delivered(customer)) == 1


@pytest.mark.parametrize("gone", ["deleted", "version removed"])
def test_a_source_that_has_vanished_is_superseded_at_once(
    pipeline: Pipeline, customer: str, held_back: Callable[[], None], gone: str
) -> None:
    key = f"{customer}/a.csv"
    version_id = pipeline.put(key)
    removed = {"VersionId": version_id} if gone == "version removed" else {}
    pipeline.s3.delete_object(Bucket=pipeline.deployment.source_bucket, Key=key, **removed)
    held_back()
    row = pipeline.wait_for_row(key, version_id, "superseded")
    pipeline.wait_until_quiet()
    assert (row["attempts"], row["receive_count"]) == (1, 1)
    assert pipeline.delivered(customer) == []
