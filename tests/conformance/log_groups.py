"""Log groups for tests, and the sums of metrics."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.aws import Aws

STREAM = "stream"


def create_log_group(aws: Aws, *lines: str) -> str:
    """Make a log group with one stream, write lines to it, return its name."""
    name = aws.name("group")
    aws.logs.create_log_group(logGroupName=name)
    aws.at_end(lambda: aws.logs.delete_log_group(logGroupName=name))
    aws.logs.create_log_stream(logGroupName=name, logStreamName=STREAM)
    if lines:
        write(aws, name, *lines)
    return name


def write(aws: Aws, group: str, *lines: str) -> dict[str, Any]:
    """Write events of now, a millisecond apart."""
    now = int(time.time() * 1000)
    events = [{"timestamp": now - len(lines) + n, "message": line} for n, line in enumerate(lines)]
    answer: dict[str, Any] = aws.logs.put_log_events(
        logGroupName=group, logStreamName=STREAM, logEvents=events
    )
    return answer


def found(aws: Aws, group: str, **more: Any) -> list[str]:
    """Return the messages that FilterLogEvents finds."""
    pages = aws.logs.get_paginator("filter_log_events").paginate(logGroupName=group, **more)
    return [event["message"].rstrip("\n") for page in pages for event in page["events"]]


def sum_of(aws: Aws, namespace: str, metric: str, **dimensions: str) -> float:
    """Return a metric's sum over the last minutes."""
    now = datetime.now(UTC)
    points = aws.cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=2),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))
