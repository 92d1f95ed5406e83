"""One LocalStack for all tests of the plugin; each test makes resources of its own names."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.environments import ensure
from tests.integration.engine_plugin.localstack_process import PYTHON_VARIABLE, LocalStackProcess


def _say(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="session")
def localstack_python() -> Path:
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        return Path(named)
    return ensure("localstack", _say)


@pytest.fixture(scope="session")
def lambda_python() -> Path:
    return ensure("lambda-runtime", _say)


@pytest.fixture(scope="session")
def localstack(
    localstack_python: Path, lambda_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStackProcess]:
    process = LocalStackProcess(
        localstack_python,
        lambda_python,
        tmp_path_factory.mktemp("localstack"),
        {"FLOODGATE_ALARM_INTERVAL_S": "2"},
    )
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture
def unique() -> str:
    """Part of a name that no other test uses."""
    return uuid.uuid4().hex[:12]


@pytest.fixture
def dynamodb(localstack: LocalStackProcess) -> Any:
    return localstack.client("dynamodb")


@pytest.fixture
def table(dynamodb: Any, unique: str) -> Iterator[str]:
    name = f"files-{unique}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "file_id", "AttributeType": "S"},
            {"AttributeName": "customer_id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_customer",
                "KeySchema": [
                    {"AttributeName": "customer_id", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    yield name
    dynamodb.delete_table(TableName=name)
