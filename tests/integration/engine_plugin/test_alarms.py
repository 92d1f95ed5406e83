"""From a queue and from logs to a metric, an alarm, a topic and its subscriber."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.engine_plugin.lambdas import create_function, eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration

EMBEDDED = """
    import json

    def handler(event, context):
        print(json.dumps({
            "_aws": {"Timestamp": 1, "CloudWatchMetrics": [{
                "Namespace": event["namespace"], "Dimensions": [["service"]],
                "Metrics": [{"Name": "Files", "Unit": "Count"}]}]},
            "service": "test", "Files": [1, 2], "status": "x"}))
"""


def sum_of(cloudwatch: Any, namespace: str, metric: str, statistic: str = "Sum", **dimensions: str) -> float:
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def test_a_full_dead_letter_queue_raises_an_alarm_and_a_subscriber_hears_of_it(
    localstack: LocalStackProcess, unique: str
) -> None:
    sqs, sns, cloudwatch = (localstack.client(name) for name in ("sqs", "sns", "cloudwatch"))
    watched = sqs.create_queue(QueueName=f"watched-{unique}")["QueueUrl"]
    heard = sqs.create_queue(QueueName=f"heard-{unique}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=heard, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=f"alarms-{unique}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch.put_metric_alarm(
        AlarmName=f"dead-{unique}",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": f"watched-{unique}"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    sent_at = time.monotonic()
    sqs.send_message(QueueUrl=watched, MessageBody="dead")
    found: list[dict[str, Any]] = []

    def told() -> bool:
        for message in sqs.receive_message(QueueUrl=heard, WaitTimeSeconds=2).get("Messages", []):
            found.append(json.loads(json.loads(message["Body"])["Message"]))
        return any(one["NewStateValue"] == "ALARM" for one in found)

    eventually(told, deadline_s=45)
    assert found[-1]["AlarmName"] == f"dead-{unique}"
    waited_s = int(time.monotonic() - sent_at)
    eventually(
        lambda: (
            sum_of(
                cloudwatch,
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                "Maximum",
                QueueName=f"watched-{unique}",
            )
            >= min(waited_s, 5)
        ),
        deadline_s=30,
    )


def test_metric_filters_and_embedded_metrics_count_what_they_should(
    localstack: LocalStackProcess, unique: str
) -> None:
    logs, functions = localstack.client("logs"), localstack.client("lambda")
    cloudwatch, name = localstack.client("cloudwatch"), f"counted-{unique}"
    create_function(functions, name, EMBEDDED)
    group = f"/aws/lambda/{name}"
    for log_group in (group, f"other-{unique}"):
        logs.create_log_group(logGroupName=log_group)
        logs.put_metric_filter(
            logGroupName=log_group,
            filterName="f",
            filterPattern='{ $.status = "x" && $.Files[0] > 0 }',
            metricTransformations=[
                {
                    "metricNamespace": unique,
                    "metricName": log_group.split("-")[0],
                    "metricValue": "$.Files[1]",
                }
            ],
        )
    for _ in range(3):
        functions.invoke(FunctionName=name, Payload=json.dumps({"namespace": unique}))
    eventually(lambda: sum_of(cloudwatch, unique, "Files", service="test") == 9, deadline_s=20)
    eventually(lambda: sum_of(cloudwatch, unique, "/aws/lambda/counted") == 6, deadline_s=20)
    assert sum_of(cloudwatch, unique, "other") == 0
    listed = logs.filter_log_events(logGroupName=group, filterPattern='{ $.status = "x" }')["events"]
    assert len(listed) == 3
    assert logs.filter_log_events(logGroupName=group, filterPattern='{ $.status = "y" }')["events"] == []
    assert len(logs.filter_log_events(logGroupName=group, filterPattern="REPORT")["events"]) == 3
