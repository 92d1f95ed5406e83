"""A stack that cannot be created says why."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from harness.aws import client
from harness.deploy import PipelineOptions, deploy
from harness.engines.base import EngineInfo
from harness.engines.localstack.host import LocalStackHost
from harness.exceptions import DeployError

pytestmark = pytest.mark.integration


def test_a_failing_resource_is_named_with_its_reason(localstack: EngineInfo, tmp_path: Path) -> None:
    name = f"bad-{uuid.uuid4().hex[:8]}"
    _create_table(localstack, f"{name}-rows")
    with pytest.raises(DeployError) as caught:
        deploy(
            localstack,
            LocalStackHost().capabilities(),
            stack_name=name,
            options=PipelineOptions(parameters={"TableName": f"{name}-rows"}),
            work_dir=tmp_path,
            progress=print,
        )
    assert "MetadataTable (AWS::DynamoDB::Table)" in caught.value.message


def _create_table(engine: EngineInfo, name: str) -> None:
    """Take the name that the stack is going to want."""
    client("dynamodb", engine).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
    )
