"""What a stack made goes with it, and nothing else: from an engine of somebody else, and from an account."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.deploy.record import DeploymentRecord
from harness.deploy.removal import FoundStack, StackResource, find
from harness.engines.base import EngineInfo
from harness.exceptions import EnvironmentNotReadyError, StackNotFoundError
from harness.stack import account
from tests.integration.deploy.conftest import OWN_PIPELINE, Deployed

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def two(
    localstack: EngineInfo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Deployed, Deployed]]:
    """Two stacks of Floodgate side by side; the second is removed at the end."""
    folder = tmp_path_factory.mktemp("two")
    names = [f"floodgate-rm-{uuid.uuid4().hex[:6]}" for _ in range(2)]
    first, second = (Deployed(localstack, name, OWN_PIPELINE, folder / name) for name in names)
    yield first, second
    second.remove()


def everything(deployed: Deployed) -> set[str]:
    """Name what is on the engine, as far as the pipeline makes such things."""
    list_of = deployed.client
    return {
        *(each["Name"] for each in list_of("s3").list_buckets()["Buckets"]),
        *(each["FunctionName"] for each in list_of("lambda").list_functions()["Functions"]),
        *(each["logGroupName"] for each in list_of("logs").describe_log_groups()["logGroups"]),
        *(each["RoleName"] for each in list_of("iam").list_roles()["Roles"]),
        *(each["Name"] for each in list_of("events").list_rules()["Rules"]),
        *(each["name"] for each in list_of("stepfunctions").list_state_machines()["stateMachines"]),
    }


def fill(s3: Any, bucket: str) -> None:
    """Leave versions, a delete marker and an unfinished upload."""
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="c/file", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="c/file")
    s3.create_multipart_upload(Bucket=bucket, Key="c/large")


@pytest.fixture
def credentials(localstack: EngineInfo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a user's shell has: the ordinary credential chain, leading to the engine."""
    for name, value in (
        ("AWS_ENDPOINT_URL", localstack.endpoint_url),
        ("AWS_ACCESS_KEY_ID", localstack.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", localstack.secret_access_key),
        ("AWS_DEFAULT_REGION", localstack.region),
        ("AWS_CONFIG_FILE", str(tmp_path / "none")),
        ("FLOODGATE_HOME", str(tmp_path)),
        ("FLOODGATE_AWS_ACCOUNTS", localstack.account_id),
    ):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("credentials")
def test_down_in_an_account_takes_the_whole_stack_and_nothing_else(two: tuple[Deployed, Deployed]) -> None:
    first, second = two
    s3 = first.client("s3")
    foreign = f"foreign-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=foreign)
    s3.put_object(Bucket=foreign, Key="theirs", Body=b"x")
    fill(s3, first.result.source_bucket)
    asked: list[str] = []

    def confirm(where: str, stack: FoundStack, resources: list[StackResource]) -> bool:
        asked.append(where)
        return len(asked) > 1

    name = first.name.removeprefix("floodgate-")
    before = everything(first)
    assert not account.down(name, confirm, print)
    assert before <= everything(first)
    assert account.down(name, confirm, print)
    assert first.engine.account_id in asked[0]

    gone = before - everything(first)
    assert {first.result.source_bucket, first.result.destination_bucket} <= gone
    assert not [each for each in everything(first) if first.name in each]
    assert not [each for each in gone if first.name not in each]
    s3.head_object(Bucket=foreign, Key="theirs")
    second.client("lambda").get_function(FunctionName=second.result.functions["copy"])
    assert find(first.client, first.name) is None
    with pytest.raises(StackNotFoundError):
        account.down(name, confirm, print)


@pytest.mark.usefixtures("credentials")
def test_a_stack_that_floodgate_did_not_create_is_left(localstack: EngineInfo, own: Deployed) -> None:
    cloudformation = own.client("cloudformation")
    name = f"theirs-{uuid.uuid4().hex[:6]}"
    body = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    cloudformation.create_stack(StackName=f"floodgate-{name}", TemplateBody=body)
    with pytest.raises(EnvironmentNotReadyError, match="did not create"):
        account.down(name, lambda *_: True, print)
    assert find(own.client, f"floodgate-{name}") is not None


def test_a_stack_of_the_same_name_is_not_taken_for_ours(own: Deployed) -> None:
    found, record = find(own.client, own.name), DeploymentRecord.read(own.work_dir)
    assert found is not None
    assert record is not None
    assert found.is_of(record)
    assert not found.is_of(replace(record, token="other"))
