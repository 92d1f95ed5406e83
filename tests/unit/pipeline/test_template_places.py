"""Where things are: buckets, table, SFTP server, network, Fargate service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.deploy import pipeline_files, template
from harness.sftp.security_policies import SECURITY_POLICIES
from tests.unit.pipeline.template_variants import Variant, statements, variant, variants

pytestmark = pytest.mark.unit

each_variant = pytest.mark.parametrize("found", variants(), ids=str)
USER = {"SftpUserName": "customer", "SftpUserPublicKey": "ssh-ed25519 AAAA"}


def _private(bucket: dict[str, Any]) -> None:
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


@each_variant
def test_every_bucket_is_private_versioned_encrypted_and_tidied(found: Variant) -> None:
    for bucket in found.of_type("S3::Bucket").values():
        _private(bucket)


def test_the_bucket_of_another_account_is_as_the_pipelines_own() -> None:
    other = template.load(pipeline_files.folder() / "destination-account.yaml")["Resources"]
    own = dict(variant({"Route": "queued"}).of_type("S3::Bucket")["DestinationBucket"])
    assert {**own, "BucketName": {"Ref": "BucketName"}} == other["DestinationBucket"]["Properties"]


def test_with_a_bucket_elsewhere_none_is_made_here() -> None:
    found = variant({"Route": "queued", "ExistingDestinationBucket": "elsewhere"})
    assert set(found.of_type("S3::Bucket")) == {"SourceBucket", "QuarantineBucket"}
    assert found.outputs["DestinationBucket"]["Value"] == {"Ref": "ExistingDestinationBucket"}


@each_variant
def test_what_holds_data_outlives_the_stack(found: Variant) -> None:
    for name in ("SourceBucket", "DestinationBucket", "QuarantineBucket", "MetadataTable"):
        if name in found.resources:
            assert found.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
            assert found.resources[name]["UpdateReplacePolicy"] == "Retain"


def test_the_table_is_on_demand_recoverable_expiring_and_indexed() -> None:
    (table,) = variant({"Route": "queued"}).of_type("DynamoDB::Table").values()
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    (index,) = table["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["status", "updated_at"]


def test_by_default_the_sftp_server_is_inside_a_vpc_in_two_private_subnets() -> None:
    found = variant({"Route": "queued"})
    (server,) = found.of_type("Transfer::Server").values()
    assert server["EndpointType"] == "VPC"
    assert set(server["EndpointDetails"]) == {"VpcId", "SubnetIds", "SecurityGroupIds"}, (
        "no address of its own"
    )
    assert len(server["EndpointDetails"]["SubnetIds"]) == 2
    assert len({json.dumps(one["AvailabilityZone"]) for one in found.of_type("EC2::Subnet").values()}) == 2
    assert all(one["MapPublicIpOnLaunch"] is False for one in found.of_type("EC2::Subnet").values())
    assert not found.of_type("EC2::InternetGateway")


@pytest.mark.parametrize(
    ("chosen", "has_server", "has_network"),
    [
        ({"Route": "queued", "SftpEndpoint": "public"}, True, False),
        ({"Route": "queued", "SftpEndpoint": "none"}, False, False),
        ({"Route": "ecs", "SftpEndpoint": "none"}, False, True),
    ],
    ids=str,
)
def test_a_vpc_is_made_only_for_what_is_in_it(
    chosen: dict[str, str], has_server: bool, has_network: bool
) -> None:
    found = variant(chosen)
    assert bool(found.of_type("Transfer::Server")) == has_server
    assert bool(found.of_type("EC2::VPC")) == has_network


@pytest.mark.parametrize("endpoint", ["vpc", "public"])
def test_the_server_logs_and_takes_a_policy_of_2024_or_newer(endpoint: str) -> None:
    found = variant({"Route": "queued", "SftpEndpoint": endpoint})
    (server,) = found.of_type("Transfer::Server").values()
    assert server["Protocols"] == ["SFTP"]
    assert server["StructuredLogDestinations"] == [{"Fn::GetAtt": ["SftpLogGroup", "Arn"]}]
    assert server["LoggingRole"] == {"Fn::GetAtt": ["SftpLoggingRole", "Arn"]}
    allowed = template.load()["Parameters"]["SftpSecurityPolicy"]["AllowedValues"]
    assert all(name[-7:-3] >= "2024" for name in allowed)
    assert found.values["SftpSecurityPolicy"] in SECURITY_POLICIES


def test_a_user_reaches_its_folder_alone() -> None:
    found = variant({"Route": "queued", **USER})
    (user,) = found.of_type("Transfer::User").values()
    assert user["HomeDirectoryMappings"] == [
        {"Entry": "/", "Target": {"Fn::Sub": "/${SourceBucket}/${!transfer:UserName}"}}
    ]
    listing, using = statements(found, "SftpUserRole")
    assert listing["Condition"]["StringLike"]["s3:prefix"] == [
        {"Ref": "SftpUserName"},
        {"Fn::Sub": "${SftpUserName}/*"},
    ]
    assert using["Resource"] == {"Fn::Sub": "${SourceBucket.Arn}/${SftpUserName}/*"}
    session = json.loads(user["Policy"]["Fn::Sub"])
    assert [one["Action"] for one in session["Statement"]] == [listing["Action"], using["Action"]]
    assert len(json.dumps(session)) < 2048 - 200, (
        "Transfer Family takes 2048 characters, with the names filled in"
    )


def test_further_users_are_as_the_first() -> None:
    further = template.load(pipeline_files.folder() / "transfer-user.yaml")["Resources"]
    first = variant({"Route": "queued", **USER}).resources
    for name in ("SftpUser", "SftpUserRole"):
        ours = json.dumps(first[name]["Properties"], sort_keys=True)
        for here, there in (
            ("${SourceBucket.Arn}", "arn:${AWS::Partition}:s3:::${SourceBucket}"),
            (
                '{"Fn::GetAtt": ["SourceBucket", "Arn"]}',
                '{"Fn::Sub": "arn:${AWS::Partition}:s3:::${SourceBucket}"}',
            ),
            ('{"Fn::GetAtt": ["SftpServer", "ServerId"]}', '{"Ref": "ServerId"}'),
            ("${SftpServer.ServerId}", "${ServerId}"),
            ('[{"Ref": "SftpUserPublicKey"}]', '{"Ref": "SftpUserPublicKeys"}'),
        ):
            ours = ours.replace(here, there)
        assert json.loads(ours) == further[name]["Properties"]


def test_an_identity_provider_takes_the_place_of_users() -> None:
    found = variant(
        {
            "Route": "queued",
            "IdentityProviderFunctionArn": "arn:aws:lambda:eu-central-1:111122223333:function:f",
        }
    )
    (server,) = found.of_type("Transfer::Server").values()
    assert server["IdentityProviderType"] == "AWS_LAMBDA"
    assert server["IdentityProviderDetails"]["Function"] == {"Ref": "IdentityProviderFunctionArn"}
    permission = found.of_type("Lambda::Permission")["IdentityProviderPermission"]
    assert permission["SourceArn"] == {"Fn::GetAtt": ["SftpServer", "Arn"]}
    assert (
        "IdentityProviderDetails"
        not in variant({"Route": "queued"}).of_type("Transfer::Server")["SftpServer"]
    )


def test_tasks_reach_aws_without_the_internet() -> None:
    found = variant({"Route": "ecs", "SftpEndpoint": "none"})
    services = {
        one["ServiceName"]["Fn::Sub"].removeprefix("com.amazonaws.${AWS::Region}.")
        for one in found.of_type("EC2::VPCEndpoint").values()
    }
    assert services == {"s3", "dynamodb", "sqs", "logs", "ecr.api", "ecr.dkr"}
    (service,) = found.of_type("ECS::Service").values()
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    assert set(found.of_type("EC2::VPCEndpoint")) <= set(found.resources["EcsService"]["DependsOn"])


def test_tasks_are_scaled_on_the_backlog_of_each() -> None:
    found = variant({"Route": "ecs"})
    (policy,) = found.of_type("ApplicationAutoScaling::ScalingPolicy").values()
    metrics = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]["Metrics"]
    backlog, tasks, per_task = metrics
    assert backlog["MetricStat"]["Metric"]["Dimensions"][0]["Value"] == {
        "Fn::GetAtt": ["WorkQueue", "QueueName"]
    }
    assert tasks["MetricStat"]["Metric"]["MetricName"] == "RunningTaskCount"
    assert [one["ReturnData"] for one in metrics] == [False, False, True]
    assert per_task["Expression"].startswith("backlog / ")
