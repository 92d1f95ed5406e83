"""What the patches that save work must not change: metrics add up, failed calls are in the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.engine_plugin.lambdas import eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration


def metric_sum(cloudwatch: Any, queue_name: str, metric: str) -> float:
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=metric,
        Dimensions=[{"Name": "QueueName", "Value": queue_name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def test_metrics_of_a_queue_add_up(localstack: LocalStackProcess, unique: str) -> None:
    sqs, cloudwatch = localstack.client("sqs"), localstack.client("cloudwatch")
    name = f"metrics-{unique}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for body in ("a", "bb", "ccc"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    for message in received:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def sums() -> dict[str, float]:
        names = ("NumberOfMessagesSent", "SentMessageSize", "NumberOfMessagesReceived")
        return {metric: metric_sum(cloudwatch, name, metric) for metric in names}

    expected = {"NumberOfMessagesSent": 3, "SentMessageSize": 6, "NumberOfMessagesReceived": len(received)}
    eventually(lambda: sums() == expected, deadline_s=20)


def test_log_has_the_calls_that_failed_and_not_the_others(localstack: LocalStackProcess, unique: str) -> None:
    s3 = localstack.client("s3")
    s3.create_bucket(Bucket=f"quiet-{unique}")
    s3.put_bucket_tagging(Bucket=f"quiet-{unique}", Tagging={"TagSet": [{"Key": "purpose", "Value": "test"}]})
    with pytest.raises(ClientError):
        s3.get_bucket_cors(Bucket=f"quiet-{unique}")
    eventually(lambda: "s3.GetBucketCors => 404" in localstack.log_text(), deadline_s=10)
    assert "s3.PutBucketTagging" not in localstack.log_text()


def test_log_has_no_line_for_an_event_that_a_rule_does_not_want(
    localstack: LocalStackProcess, unique: str
) -> None:
    events, s3 = localstack.client("events"), localstack.client("s3")
    events.put_rule(Name=f"other-{unique}", EventPattern='{"source": ["somebody.else"]}')
    entry = {"Source": f"nobody.{unique}", "DetailType": "unwanted", "Detail": "{}"}
    events.put_events(Entries=[entry])
    with pytest.raises(ClientError):
        s3.get_bucket_tagging(Bucket=f"after-{unique}")
    eventually(lambda: "s3.GetBucketTagging => 404" in localstack.log_text(), deadline_s=10)
    assert f"nobody.{unique}" not in localstack.log_text()
