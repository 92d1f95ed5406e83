"""The copier against a real S3, with many rivals at once and no queue in between."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.config import Config

from harness.aws import client
from harness.engines.base import EngineInfo
from pipeline.common import identity
from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.common.settings import WorkerSettings
from pipeline.transfer.copying import Copier, SupersededError
from pipeline.transfer.destination import UPLOAD_TAG

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
RIVALS = 8
KEY = "acme/a b+c.csv"
SETTINGS = WorkerSettings(
    destination_bucket="",
    table_name="",
    work_queue_url="",
    multipart_threshold_bytes=6 * MIB,
    part_size_bytes=5 * MIB,
    part_concurrency=4,
    record_concurrency=RIVALS,
    retry_delays_s=(0,),
    deadline_reserve_s=0,
    read_timeout_s=30,
    keep_source_tags=False,
    check_source_is_current=False,
)


class Bench:
    """Two versioned buckets, and rivals that copy at the same moment."""

    def __init__(self, s3: Any, part_pool: ThreadPoolExecutor) -> None:
        self.s3 = s3
        self.source, self.destination = (self._bucket(name) for name in ("source", "destination"))
        self.copier = Copier(s3, replace(SETTINGS, destination_bucket=self.destination), part_pool)

    def upload(self, body: bytes, sequencer: str) -> Upload:
        put = self.s3.put_object(Bucket=self.source, Key=KEY, Body=body)
        return Upload(
            file_id=identity.file_id(self.source, KEY, put["VersionId"]),
            bucket=self.source,
            key=KEY,
            version_id=put["VersionId"],
            size_bytes=len(body),
            etag=put["ETag"].strip('"'),
            sequencer=sequencer,
            uploaded_at="2026-11-22T20:05:23.000000Z",
        )

    def race(self, uploads: list[Upload]) -> None:
        """Let one rival copy each of the uploads, all from the same moment on."""
        start = threading.Barrier(len(uploads))

        def copy(upload: Upload) -> None:
            start.wait(30)
            try:
                self.copier.copy(upload, Deadline(60, 0))
            except SupersededError:
                return

        with ThreadPoolExecutor(len(uploads)) as pool:
            list(pool.map(copy, uploads))

    def delivered(self) -> list[str]:
        """Return the `file_id` of each destination version, newest first."""
        found = self.s3.list_object_versions(Bucket=self.destination, Prefix=KEY).get("Versions", [])
        return [self._file_id(version["VersionId"]) for version in found]

    def _file_id(self, version_id: str) -> str:
        answer = self.s3.get_object_tagging(Bucket=self.destination, Key=KEY, VersionId=version_id)
        tags = {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
        return str(tags[UPLOAD_TAG].split(":")[0])

    def _bucket(self, purpose: str) -> str:
        name = f"{purpose}-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


@pytest.fixture
def bench(localstack: EngineInfo) -> Iterator[Bench]:
    config = Config(max_pool_connections=3 * RIVALS, s3={"addressing_style": "path"})
    with ThreadPoolExecutor(4) as part_pool:
        yield Bench(client("s3", localstack, config=config), part_pool)


BODIES = pytest.mark.parametrize(
    "body", [b"small", b"", b"large" * (7 * MIB // 5)], ids=["small", "empty", "large"]
)


@BODIES
def test_rivals_on_an_empty_place_make_one_version(bench: Bench, body: bytes) -> None:
    upload = bench.upload(body, "10")
    bench.race([upload] * RIVALS)
    assert bench.delivered() == [upload.file_id]


@BODIES
def test_rivals_that_replace_the_same_bytes_make_one_version(bench: Bench, body: bytes) -> None:
    first, second = bench.upload(body, "10"), bench.upload(body, "11")
    bench.race([first])
    bench.race([second] * RIVALS)
    assert bench.delivered() == [second.file_id, first.file_id]


@pytest.mark.parametrize("attempt", range(5))
def test_of_uploads_that_race_each_other_the_newest_ends_on_top(bench: Bench, attempt: int) -> None:
    uploads = [bench.upload(f"upload {number}".encode(), f"1{number}") for number in range(4)]
    bench.race([*uploads, *reversed(uploads)])
    delivered = bench.delivered()
    assert delivered[0] == uploads[-1].file_id
    assert len(delivered) == len(set(delivered))


def test_nothing_of_a_lost_race_by_parts_is_left(bench: Bench) -> None:
    upload = bench.upload(b"large" * (7 * MIB // 5), "10")
    bench.race([upload] * 3)
    assert "Uploads" not in bench.s3.list_multipart_uploads(Bucket=bench.destination)
