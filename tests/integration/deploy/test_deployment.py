"""Deploying on a real engine: what it lacks, what is refused, and why a stack failed."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from harness.aws import client
from harness.deploy import PipelineOptions
from harness.engines.base import EngineInfo
from harness.exceptions import DeployError
from tests.integration.deploy.conftest import Deploy

pytestmark = pytest.mark.integration


def test_what_the_engine_lacks_is_created_through_its_api_or_described_for_stand_ins(
    deploying: Deploy,
) -> None:
    table = f"rows-{uuid.uuid4().hex[:8]}"
    deployed = deploying(PipelineOptions(fifo=True, parameters={"TableName": table}))
    made = deployed.result

    (pipe,) = (each for each in made.stand_ins if each.type == "AWS::Pipes::Pipe")
    assert pipe.properties["Source"].endswith(f":{deployed.name}-ingress")
    assert pipe.properties["Target"].endswith(f":{deployed.name}-work.fifo")
    assert "Fn::" not in json.dumps([each.properties for each in made.stand_ins])
    assert made.queues["ingress"] in deployed.client("sqs").list_queues()["QueueUrls"]
    assert not [name for name in made.outputs if name.startswith("FloodgateValue")]

    body = deployed.client("cloudwatch").get_dashboard(DashboardName=made.outputs["Dashboard"])
    assert deployed.name in body["DashboardBody"]
    filters = deployed.client("logs").describe_metric_filters(logGroupName=made.outputs["WorkerLogGroup"])
    assert filters["metricFilters"]
    worker = deployed.client("lambda").get_function_concurrency(FunctionName=made.functions["worker"])
    assert worker["ReservedConcurrentExecutions"] == 4  # of profiles/local.json

    deployed.remove()
    assert made.outputs["Dashboard"] not in [
        each["DashboardName"] for each in deployed.client("cloudwatch").list_dashboards()["DashboardEntries"]
    ]


def write(folder: Path, resources: dict[str, object]) -> PipelineOptions:
    """Write a template with a source and a destination bucket, and more."""
    buckets = {name: {"Type": "AWS::S3::Bucket"} for name in ("Source", "Destination")}
    outputs = {f"{name}Bucket": {"Value": {"Ref": name}} for name in buckets}
    path = folder / "template.json"
    path.write_text(json.dumps({"Resources": {**buckets, **resources}, "Outputs": outputs}))
    return PipelineOptions(template=path)


def test_a_failing_resource_is_named_with_its_reason(deploying: Deploy, tmp_path: Path) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:missing"
    properties = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": "no queue"}
    with pytest.raises(DeployError) as caught:
        deploying(write(tmp_path, {"Ears": {"Type": "AWS::SNS::Subscription", "Properties": properties}}))
    assert "Ears (AWS::SNS::Subscription)" in caught.value.message


def test_a_name_that_is_taken_is_refused_before_anything_is_created(
    localstack: EngineInfo, deploying: Deploy, tmp_path: Path
) -> None:
    """LocalStack would delete the bucket with its files, together with the stack that failed on it."""
    s3 = client("s3", localstack)
    taken = f"taken-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=taken)
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": taken}}
    with pytest.raises(DeployError, match=taken):
        deploying(write(tmp_path, {"Mine": bucket}))
    s3.head_bucket(Bucket=taken)
