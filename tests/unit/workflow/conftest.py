"""Tasks on fakes, and the event of an upload."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.common.events import Upload, read_upload
from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copier
from pipeline.workflow.settings import DeliverySettings
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.workflow.fakes import FakeStorage

PutUpload = Callable[..., tuple[Upload, dict[str, Any]]]


@pytest.fixture
def s3() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def dynamodb() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def settings() -> DeliverySettings:
    return DeliverySettings(destination_bucket="destination", table_name="table", max_attempts=2)


@pytest.fixture
def table(dynamodb: FakeDynamoDB, settings: DeliverySettings) -> RecordTable:
    return RecordTable(dynamodb, settings)  # type: ignore[arg-type]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def copier(s3: FakeStorage, settings: DeliverySettings, pool: ThreadPoolExecutor) -> Copier:
    return Copier(s3, settings, pool, with_checksum=True)  # type: ignore[arg-type]


@pytest.fixture
def put(s3: FakeStorage) -> PutUpload:
    """Puts a file into the source bucket; returns the upload and its event."""

    def put(
        key: str = "acme/a.csv", body: bytes = b"a,b\n1,2\n", **more: Any
    ) -> tuple[Upload, dict[str, Any]]:
        version = s3.put("source", key, body, **more)
        event = events.object_created(
            key=key,
            version_id=version.version_id,
            size=len(body),
            etag=hashlib.md5(body).hexdigest(),
            sequencer=f"00{version.version_id[1:]:0>16}",
        )
        event["detail"]["bucket"]["name"] = "source"
        return read_upload(event), event

    return put
