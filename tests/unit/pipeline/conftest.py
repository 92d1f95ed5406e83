"""Fixtures of the handler tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.common.settings import WorkerSettings
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import FakeS3


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def dynamodb() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def settings() -> WorkerSettings:
    return WorkerSettings(
        destination_bucket="destination",
        table_name="table",
        work_queue_url="https://sqs.example/work",
        multipart_threshold_bytes=100,
        part_size_bytes=40,
        part_concurrency=2,
        record_concurrency=2,
        retry_delays_s=(1, 3, 0),
        deadline_reserve_s=1.0,
        read_timeout_s=5.0,
        keep_source_tags=False,
        check_source_is_current=True,
    )
