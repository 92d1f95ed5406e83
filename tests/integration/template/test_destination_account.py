"""The destination in another account: both templates on one engine, under two account ids."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.aws import client
from harness.deploy import Deployment, deploy, pipeline_files
from harness.deploy.options import PipelineOptions
from harness.engines.base import EngineInfo
from harness.engines.localstack.host import LocalStackHost

pytestmark = pytest.mark.integration

OTHER_ACCOUNT = "444455556666"
KEY = "customer/file.csv"


@dataclass(frozen=True)
class TwoAccounts:
    """The pipeline in its account, and the account that gets the files."""

    engine: EngineInfo
    deployment: Deployment
    other: EngineInfo


def roles_of(deployment: Deployment) -> list[str]:
    """Return the roles that the other account lets in."""
    return [deployment.outputs[name] for name in ("CopyingRole", "QuarantineRole")]


@pytest.fixture(scope="module")
def accounts(localstack: EngineInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoAccounts]:
    """Deploy the pipeline first, as its role must be known, then the bucket that it writes to."""
    name = f"two-{uuid.uuid4().hex[:8]}"
    bucket = f"{name}-destination"
    deployment = deploy(
        localstack,
        LocalStackHost().capabilities(),
        stack_name=name,
        options=PipelineOptions(
            recording="lean",
            parameters={
                "TableName": name,
                "ExistingDestinationBucket": bucket,
                "DestinationAccountId": OTHER_ACCOUNT,
                "SftpEndpoint": "vpc",
                "AlarmEmail": "alarms@example.com",
            },
        ),
        work_dir=tmp_path_factory.mktemp("deploy"),
        progress=print,
    )
    # LocalStack takes an access key id of twelve digits for the account.
    other = replace(localstack, account_id=OTHER_ACCOUNT, access_key_id=OTHER_ACCOUNT)
    cloudformation = client("cloudformation", other)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=(pipeline_files.folder() / "destination-account.yaml").read_text(),
        Parameters=[
            {"ParameterKey": "BucketName", "ParameterValue": bucket},
            {"ParameterKey": "SourceAccountId", "ParameterValue": localstack.account_id},
            {"ParameterKey": "CopyingRoleArns", "ParameterValue": ",".join(roles_of(deployment))},
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    yield TwoAccounts(localstack, deployment, other)
    cloudformation.delete_stack(StackName=name)
    client("cloudformation", localstack).delete_stack(StackName=name)


def test_a_file_arrives_in_the_other_account(accounts: TwoAccounts) -> None:
    client("s3", accounts.engine).put_object(
        Bucket=accounts.deployment.source_bucket, Key=KEY, Body=b"a,b\n1,2\n"
    )
    theirs = client("s3", accounts.other)
    bucket = accounts.deployment.destination_bucket
    deadline = time.monotonic() + 60
    while not (found := theirs.list_objects_v2(Bucket=bucket).get("Contents")):
        assert time.monotonic() < deadline, "the file did not arrive"
        time.sleep(0.1)
    assert [one["Key"] for one in found] == [KEY]
    assert theirs.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"a,b\n1,2\n"
    assert bucket in [one["Name"] for one in theirs.list_buckets()["Buckets"]]


def test_the_bucket_lets_in_the_copying_role_of_the_pipelines_account(accounts: TwoAccounts) -> None:
    answer = client("s3", accounts.other).get_bucket_policy(Bucket=accounts.deployment.destination_bucket)
    allowing = [one for one in json.loads(answer["Policy"])["Statement"] if one["Effect"] == "Allow"]
    for statement in allowing:
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{accounts.engine.account_id}:root"}
        roles = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
        assert roles == roles_of(accounts.deployment)


def test_the_copying_role_is_bound_to_the_other_account(accounts: TwoAccounts) -> None:
    iam = client("iam", accounts.engine)
    role = accounts.deployment.outputs["CopyingRole"].rpartition("/")[2]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    statements = [one for policy in attached for one in _statements(iam, policy["PolicyArn"])]
    bound = [one for one in statements if one["Sid"] in ("WriteDestination", "TakeBackCopies")]
    assert len(bound) == 2
    for statement in bound:
        assert statement["Resource"] == f"arn:aws:s3:::{accounts.deployment.destination_bucket}/*"
        assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": OTHER_ACCOUNT}}


def _statements(iam: Any, policy_arn: str) -> list[dict[str, Any]]:
    version = iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]
    statements: list[dict[str, Any]] = found["Document"]["Statement"]
    return statements


def test_a_part_of_a_file_is_taken_out_of_the_other_account(accounts: TwoAccounts) -> None:
    key, source = "customer/broken.csv", accounts.deployment.source_bucket
    began = datetime.now(UTC).isoformat()
    put = client("s3", accounts.engine).put_object(Bucket=source, Key=key, Body=b"a,b\n1")
    detail = {
        "failure-code": "PARTIAL_UPLOAD",
        "file-path": f"/{source}/{key}",
        "etag": put["ETag"].strip('"'),
        "bytes": 5,
        "start-timestamp": began,
        "end-timestamp": datetime.now(UTC).isoformat(),
        "session-id": "0049cd844c7536c06a89",
        "username": "customer",
    }
    theirs, bucket = client("s3", accounts.other), accounts.deployment.destination_bucket
    _wait_until(lambda: bool(theirs.list_object_versions(Bucket=bucket, Prefix=key).get("Versions")))
    event = {
        "Source": "aws.transfer",
        "DetailType": "SFTP Server File Upload Failed",
        "Detail": json.dumps(detail),
    }
    client("events", accounts.engine).put_events(Entries=[event])
    _wait_until(lambda: not theirs.list_object_versions(Bucket=bucket, Prefix=key).get("Versions"))
    ours = client("s3", accounts.engine)
    (kept,) = ours.list_objects_v2(Bucket=accounts.deployment.outputs["QuarantineBucket"])["Contents"]
    assert kept["Size"] == 5


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in a minute"
        time.sleep(0.1)


def test_the_engine_has_made_what_the_template_says(accounts: TwoAccounts) -> None:
    """Things that LocalStack could accept and leave out without a word."""
    assert _alarm(accounts, "dead-letters")["AlarmActions"] == [accounts.deployment.outputs["AlarmsTopic"]]
    errors = _alarm(accounts, "function-errors")
    assert (errors["Threshold"], len(errors["Metrics"])) == (0, 3)
    table = client("dynamodb", accounts.engine).describe_table(TableName=accounts.deployment.table)["Table"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["status-updated_at-index"]
    (subscription,) = client("sns", accounts.engine).list_subscriptions_by_topic(
        TopicArn=accounts.deployment.outputs["AlarmsTopic"]
    )["Subscriptions"]
    assert subscription["Endpoint"] == "alarms@example.com"
    assert len(_subnets(accounts)) == 2


def _alarm(accounts: TwoAccounts, name: str) -> Any:
    stack = accounts.deployment.outputs["AlarmsTopic"].rpartition(":")[2].removesuffix("-alarms")
    cloudwatch = client("cloudwatch", accounts.engine)
    (found,) = cloudwatch.describe_alarms(AlarmNames=[f"{stack}-{name}"])["MetricAlarms"]
    return found


def _subnets(accounts: TwoAccounts) -> list[Any]:
    found = client("ec2", accounts.engine).describe_subnets(
        Filters=[{"Name": "tag:Name", "Values": [f"{accounts.deployment.table}-private-*"]}]
    )
    return list(found["Subnets"])
