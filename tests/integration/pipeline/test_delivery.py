"""An object in the source bucket becomes the same object in the destination bucket, and one row."""

from __future__ import annotations

import hashlib
import random

import pytest

from harness.clock import from_iso, now
from tests.integration.pipeline.conftest import MIB, THRESHOLD_BYTES, Pipeline, wait_until

pytestmark = pytest.mark.integration

COLUMNS = {
    "file_id",
    "source_bucket",
    "destination_bucket",
    "key",
    "customer_id",
    "version_id",
    "destination_version_id",
    "size_bytes",
    "etag",
    "sequencer",
    "processing_at",
    "updated_at",
    "claimed_by",
    "expires_at",
    "upload_timestamp",
    "transfer_timestamp",
    "queued_at",
    "first_received_at",
    "handler_started_at",
    "handler_ended_at",
    "receive_count",
    "attempts",
    "status",
}


def test_a_file_is_delivered_and_its_row_is_complete(pipeline: Pipeline, customer: str) -> None:
    key, began = f"{customer}/incoming/a.csv", now()
    version_id = pipeline.put(key, b"one,two", ContentType="text/csv", Metadata={"uploaded-by": "ann"})
    row = pipeline.wait_for_row(key, version_id, "transferred")
    (delivered,) = pipeline.delivered(customer)
    head = pipeline.s3.head_object(Bucket=pipeline.deployment.destination_bucket, Key=key)
    assert pipeline.read(key) == b"one,two"
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"uploaded-by": "ann"})
    assert set(row) == COLUMNS
    assert (row["key"], row["customer_id"], row["size_bytes"]) == (key, customer, 7)
    assert (row["version_id"], row["destination_version_id"]) == (version_id, delivered["VersionId"])
    assert (row["receive_count"], row["attempts"]) == (1, 1)
    assert row["expires_at"] > began
    times = [
        from_iso(row[name])
        for name in (
            "queued_at",
            "first_received_at",
            "processing_at",
            "handler_started_at",
            "handler_ended_at",
            "updated_at",
        )
    ]
    assert times == sorted(times)
    assert began - 1 < times[0]
    assert times[3] <= from_iso(row["transfer_timestamp"]) <= times[4]


ODD_NAMES = [
    "with space.csv",
    "a+b.csv",
    "100%.csv",
    "already%20encoded%2Bname.csv",
    'quotes\'and"more".csv',
    "emoji 🎉 日本語 é.csv",
    "amp&equals=question?hash#.csv",
    "back\\slash.csv",
    "trailing space ",
    "..dots..csv",
    "semi;colon,comma!~*().csv",
    "<angle>&amp;.xml",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_delivered_byte_for_byte(pipeline: Pipeline, customer: str, name: str) -> None:
    key = f"{customer}/{name}"
    version_id = pipeline.put(key, name.encode())
    assert pipeline.wait_for_row(key, version_id, "transferred")["key"] == key
    assert [found["Key"] for found in pipeline.delivered(customer)] == [key]
    assert pipeline.read(key) == name.encode()


def test_a_key_of_1024_bytes_is_delivered(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/" + "é" * 400
    key += "x" * (1024 - len(key.encode()))
    version_id = pipeline.put(key)
    pipeline.wait_for_row(key, version_id, "transferred")
    assert [found["Key"] for found in pipeline.delivered(customer)] == [key]


def test_an_empty_file_is_delivered(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/empty"
    assert pipeline.wait_for_row(key, pipeline.put(key, b""), "transferred")["size_bytes"] == 0
    assert pipeline.read(key) == b""


def test_markers_and_unfinished_names_are_not_transferred(pipeline: Pipeline, customer: str) -> None:
    ignored = ["folder/", "a.csv.filepart", "b.part", "c.tmp"]
    for name in ignored:
        pipeline.put(f"{customer}/{name}", b"")
    key = f"{customer}/last.csv"
    pipeline.wait_for_row(key, pipeline.put(key), "transferred")
    pipeline.wait_until_quiet()
    assert [row["key"] for row in pipeline.rows(customer)] == [key]
    assert [found["Key"] for found in pipeline.delivered(customer)] == [key]


def test_a_name_that_only_contains_such_an_ending_is_transferred(pipeline: Pipeline, customer: str) -> None:
    key = f"{customer}/report.part.csv"
    pipeline.wait_for_row(key, pipeline.put(key), "transferred")


def test_a_large_object_is_copied_by_parts_with_all_that_belongs_to_it(
    pipeline: Pipeline, customer: str
) -> None:
    body = random.Random(1).randbytes(THRESHOLD_BYTES + 3 * MIB + 1)
    key = f"{customer}/large.bin"
    version_id = pipeline.put(
        key, body, ContentType="application/x-test", Metadata={"who": "ann"}, Tagging="team=blue"
    )
    pipeline.wait_for_row(key, version_id, "transferred")
    bucket = pipeline.deployment.destination_bucket
    head = pipeline.s3.head_object(Bucket=bucket, Key=key)
    tags = pipeline.s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    assert hashlib.sha256(pipeline.read(key)).digest() == hashlib.sha256(body).digest()
    assert head["ETag"].endswith('-2"')
    assert (head["ContentType"], head["Metadata"]) == ("application/x-test", {"who": "ann"})
    assert {"Key": "team", "Value": "blue"} in tags
    assert "Uploads" not in pipeline.s3.list_multipart_uploads(Bucket=bucket)


def test_many_files_are_each_delivered_once(pipeline: Pipeline, customer: str) -> None:
    keys = [f"{customer}/{number}.csv" for number in range(60)]
    for key in keys:
        pipeline.put(key, key.encode())
    wait_until(lambda: len(pipeline.rows(customer)) == len(keys))
    pipeline.wait_until_quiet()
    assert sorted(found["Key"] for found in pipeline.delivered(customer)) == sorted(keys)
    assert {row["status"] for row in pipeline.rows(customer)} == {"transferred"}
