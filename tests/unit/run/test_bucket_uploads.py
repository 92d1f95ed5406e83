"""The list of uploads where the SFTP server writes none: the versions of the source bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import AwsError
from harness.measure.uploads import ClosedUpload, UploadsReader
from harness.run.bucket_uploads import BucketUploads
from tests.unit.account.stubs import Answer, answering
from tests.unit.measure.builders import World

pytestmark = pytest.mark.unit


def listed(prefix: str, *versions: tuple[str, str, int]) -> Answer:
    """Return the answer to a listing: key, version id and the second at which each was made."""
    found = [
        {
            "Key": key,
            "VersionId": version_id,
            "Size": 10,
            "LastModified": datetime.fromtimestamp(second, UTC),
            "ETag": '"x"',
        }
        for key, version_id, second in versions
    ]
    return "list_object_versions", {"Bucket": "bucket", "Prefix": prefix}, {"Versions": found}


def told(tmp_path: Path) -> list[Any]:
    return [
        (event.key, event.version_id, event.closed_at)
        for event in UploadsReader(tmp_path / "uploads.jsonl", "bucket").poll()
        if isinstance(event, ClosedUpload)
    ]


def lister_of(world: World, tmp_path: Path, *answers: Answer) -> BucketUploads:
    s3, _ = answering("s3", answers)
    return BucketUploads(s3, "bucket", world.ledger_dir, tmp_path / "uploads.jsonl")


def test_uploads_of_one_key_get_its_versions_in_the_order_of_time(tmp_path: Path) -> None:
    world = World(tmp_path / "run")
    key = "customer-0/same.csv"
    (first, _), (second, _) = world.offer(key), world.offer(key)
    both = listed(key, (key, "v2", 101), (key, "v1", 100))
    lister = lister_of(world, tmp_path, both, both)
    assert lister.look() == 0, "nothing was acknowledged"
    world.acknowledge(first, 1000.5, "one")
    assert lister.look() == 1
    world.acknowledge(second, 1001.5, "two")
    assert lister.look() == 1
    assert lister.look() == 0, "nothing waits, so nothing is listed"
    assert told(tmp_path) == [(key, "v1", 1000.5), (key, "v2", 1001.5)]


def test_what_is_not_listed_yet_is_looked_for_again(tmp_path: Path) -> None:
    world = World(tmp_path / "run")
    ledger_id, key = world.offer()
    world.acknowledge(ledger_id, 1000.5, "one")
    lister = lister_of(world, tmp_path, listed(key), listed(key, (key, "v1", 100)))
    assert lister.look() == 0
    assert lister.look() == 1
    assert told(tmp_path) == [(key, "v1", 1000.5)]


def test_a_listing_that_aws_refuses_loses_no_upload(tmp_path: Path) -> None:
    world = World(tmp_path / "run")
    ledger_id, key = world.offer()
    world.acknowledge(ledger_id, 1000.5, "one")
    s3, stub = answering("s3", [])
    stub.add_client_error("list_object_versions", service_error_code="SlowDown")
    operation, request, response = listed(key, (key, "v1", 100))
    stub.add_response(operation, response, request)
    lister = BucketUploads(s3, "bucket", world.ledger_dir, tmp_path / "uploads.jsonl")
    with pytest.raises(AwsError, match="SlowDown"):
        lister.look()
    assert lister.look() == 1
