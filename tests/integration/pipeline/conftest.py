"""The pipeline, deployed once on the session's engine, and handles to look at it from outside."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from harness.aws import client
from harness.deploy import Deployment, PipelineOptions, deploy
from harness.engines.base import EngineInfo
from harness.engines.localstack.host import LocalStackHost
from harness.identity import file_id

T = TypeVar("T")
MIB = 1024 * 1024
THRESHOLD_BYTES = 6 * MIB


@dataclass
class Pipeline:
    """A deployed pipeline. Every test works below its own customer, so tests do not see each other."""

    engine: EngineInfo
    deployment: Deployment

    def __post_init__(self) -> None:
        self.s3 = client("s3", self.engine)
        self.sqs = client("sqs", self.engine)
        self.dynamodb = client("dynamodb", self.engine)
        self.lambda_ = client("lambda", self.engine)

    def put(self, key: str, body: bytes = b"hello", **more: Any) -> str:
        """Upload and return the version id."""
        answer = self.s3.put_object(Bucket=self.deployment.source_bucket, Key=key, Body=body, **more)
        return str(answer["VersionId"])

    def row(self, key: str, version_id: str) -> dict[str, Any] | None:
        found = self.dynamodb.get_item(
            TableName=self.deployment.table,
            Key={"file_id": {"S": file_id(self.deployment.source_bucket, key, version_id)}},
            ConsistentRead=True,
        )
        return _plain(found["Item"]) if "Item" in found else None

    def rows(self, customer: str) -> list[dict[str, Any]]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.deployment.table)
        rows = [_plain(item) for page in pages for item in page["Items"]]
        return [row for row in rows if row["customer_id"] == customer]

    def delivered(self, prefix: str) -> list[dict[str, Any]]:
        """Return all destination versions below a prefix, newest of a key first."""
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.deployment.destination_bucket, Prefix=prefix
        )
        return [version for page in pages for version in page.get("Versions", [])]

    def read(self, key: str) -> bytes:
        answer = self.s3.get_object(Bucket=self.deployment.destination_bucket, Key=key)
        content: bytes = answer["Body"].read()
        return content

    def wait_for_row(self, key: str, version_id: str, status: str, *, attempts: int = 1) -> dict[str, Any]:
        """Wait until a row says `status` after at least so many attempts."""

        def look() -> dict[str, Any] | None:
            row = self.row(key, version_id)
            return row if row and row["status"] == status and row["attempts"] >= attempts else None

        return wait_until(look, lambda: f"{key}: {self.row(key, version_id)}")

    def send(self, body: str) -> None:
        """Put a message into the work queue by hand."""
        self.sqs.send_message(QueueUrl=self.deployment.queues["work"], MessageBody=body)

    def dead_letters(self, text: str) -> list[str]:
        """Return dead letters that contain a text; they stay in the queue."""
        answer = self.sqs.receive_message(
            QueueUrl=self.deployment.queues["dlq"], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in answer.get("Messages", []) if text in message["Body"]]

    def waiting_messages(self) -> int:
        """Return how many messages the work queue holds, hidden ones included."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.deployment.queues["work"], AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def wait_until_quiet(self) -> None:
        wait_until(lambda: self.waiting_messages() == 0, lambda: f"{self.waiting_messages()} messages")


def wait_until(
    look: Callable[[], T | None], describe: Callable[[], str] = lambda: "", *, timeout_s: float = 60
) -> T:
    """Return the first true answer of `look`; fail with a description after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"nothing came of it in {timeout_s:.0f} s. {describe()}")
        time.sleep(0.1)
    return found


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: int(value["N"]) if "N" in value else next(iter(value.values())) for name, value in item.items()
    }


@pytest.fixture(scope="session")
def pipeline(localstack: EngineInfo, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Deploy the pipeline once, with a threshold for large objects that tests can afford to exceed."""
    name = f"it-{uuid.uuid4().hex[:8]}"
    return Pipeline(
        localstack,
        deploy(
            localstack,
            LocalStackHost().capabilities(),
            stack_name=name,
            options=PipelineOptions(
                parameters={
                    "TableName": f"{name}-rows",
                    "MultipartThresholdBytes": str(THRESHOLD_BYTES),
                    "PartSizeBytes": str(5 * MIB),
                }
            ),
            work_dir=tmp_path_factory.mktemp("deploy"),
            progress=print,
        ),
    )


@pytest.fixture
def customer() -> str:
    """A customer of this test alone, the first segment of its keys."""
    return f"c-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def held_back(pipeline: Pipeline) -> Iterator[Callable[[], None]]:
    """Stop the worker from taking messages until the returned function is called."""
    mapping = _mapping(pipeline)
    _set_enabled(pipeline, mapping, enabled=False)
    released = False

    def release() -> None:
        nonlocal released
        if not released:
            _set_enabled(pipeline, mapping, enabled=True)
        released = True

    try:
        yield release
    finally:
        release()


def _mapping(pipeline: Pipeline) -> str:
    worker = pipeline.deployment.functions["worker"]
    (mapping,) = pipeline.lambda_.list_event_source_mappings(FunctionName=worker)["EventSourceMappings"]
    return str(mapping["UUID"])


def _set_enabled(pipeline: Pipeline, mapping: str, *, enabled: bool) -> None:
    pipeline.lambda_.update_event_source_mapping(UUID=mapping, Enabled=enabled)
    wanted = "Enabled" if enabled else "Disabled"

    def state() -> str:
        return str(pipeline.lambda_.get_event_source_mapping(UUID=mapping)["State"])

    wait_until(lambda: state() == wanted, state)
