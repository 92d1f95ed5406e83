"""Log groups: what functions write there, what filter patterns find, what becomes metrics."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import create_function, invoke, tool
from tests.conformance.log_groups import STREAM, create_log_group, found, sum_of, write
from tests.conformance.marks import behaviour
from tests.conformance.queues import create_queue
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

DAY_MS = 24 * 3600 * 1000
PLAIN = ("ERROR no room", "ERROR no file", "INFO no file", "WARN 404 x")
ROWS: tuple[dict[str, Any], ...] = (
    {"n": 1, "kind": "delivered", "size": 10},
    {"n": 2, "kind": "failed", "size": 2000, "code": "NoSuchKey"},
    {"n": 3, "kind": "failed", "size": 5, "code": None},
)


def assert_finds(aws: Aws, lines: tuple[str, ...], pattern: str, *expected: str) -> None:
    group = create_log_group(aws, *lines)
    eventually(lambda: len(found(aws, group)) == len(lines))
    assert found(aws, group, filterPattern=pattern) == list(expected)


@behaviour("logs.function")
def test_lines_of_a_function(aws: Aws) -> None:
    name = aws.name("logged")
    create_function(aws.account, aws, name, "def handler(event, context):\n    print('one', 1)\n")
    request = invoke(aws.functions, name)["ResponseMetadata"]["RequestId"]

    def lines() -> list[str]:
        groups = aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        return found(aws, groups[0]["logGroupName"]) if groups else []

    def report() -> list[str]:
        return [line for line in lines() if line.startswith(f"REPORT RequestId: {request}")]

    eventually(report)
    assert "one 1" in lines()
    assert f"END RequestId: {request}" in lines()
    assert any(line.startswith(f"START RequestId: {request}") for line in lines())


@behaviour("logs.terms")
def test_terms(aws: Aws) -> None:
    assert_finds(aws, PLAIN, "ERROR file", "ERROR no file")
    assert_finds(aws, PLAIN, "?room ?WARN", "ERROR no room", "WARN 404 x")


@behaviour("logs.excluded-term")
def test_excluded_terms_and_phrases(aws: Aws) -> None:
    assert_finds(aws, PLAIN, "no -ERROR", "INFO no file")
    assert_finds(aws, PLAIN, '"no file" ERROR', "ERROR no file")


def assert_finds_rows(aws: Aws, pattern: str, *numbers: int) -> None:
    group = create_log_group(aws, *(json.dumps(row) for row in ROWS), "no json")
    eventually(lambda: len(found(aws, group)) == len(ROWS) + 1)
    expected = [json.dumps(row) for row in ROWS if row["n"] in numbers]
    assert found(aws, group, filterPattern=pattern) == expected


@behaviour("logs.json")
def test_json_patterns(aws: Aws) -> None:
    assert_finds_rows(aws, '{ $.kind = "failed" && $.size > 100 }', 2)
    assert_finds_rows(aws, '{ $.kind = "deliv*" || $.size = 5 }', 1, 3)


@behaviour("logs.json-exists")
def test_json_patterns_of_absence(aws: Aws) -> None:
    assert_finds_rows(aws, "{ $.code IS NULL }", 3)
    assert_finds_rows(aws, "{ $.code NOT EXISTS }", 1)


@behaviour("logs.brackets")
def test_bracket_patterns(aws: Aws) -> None:
    assert_finds(aws, PLAIN, "[level, code = 404, rest]", "WARN 404 x")


@behaviour("logs.regular-expression")
def test_regular_expressions(aws: Aws) -> None:
    assert_finds(aws, PLAIN, "%ERROR.*(room|disk)%", "ERROR no room")


@behaviour("logs.time-range")
def test_time_range(aws: Aws) -> None:
    group, now = create_log_group(aws), int(time.time() * 1000)
    events = [{"timestamp": now - back, "message": str(back)} for back in (3000, 2000, 1000)]
    aws.logs.put_log_events(logGroupName=group, logStreamName=STREAM, logEvents=events)
    eventually(lambda: found(aws, group) == ["3000", "2000", "1000"])
    assert found(aws, group, startTime=now - 2000, endTime=now - 1500) == ["2000"]


@behaviour("logs.missing-group")
def test_missing_group(aws: Aws) -> None:
    missing, events = aws.name("none"), [{"timestamp": int(time.time() * 1000), "message": "x"}]
    write_there = {"logGroupName": missing, "logStreamName": STREAM, "logEvents": events}
    assert refused(aws.logs.put_log_events, **write_there) == "ResourceNotFoundException"
    again = create_log_group(aws)
    assert refused(aws.logs.create_log_group, logGroupName=again) == "ResourceAlreadyExistsException"


@behaviour("logs.old-events")
def test_old_events(aws: Aws) -> None:
    group, now = create_log_group(aws), int(time.time() * 1000)
    events = [{"timestamp": now - 15 * DAY_MS, "message": "old"}, {"timestamp": now, "message": "new"}]
    answer = aws.logs.put_log_events(logGroupName=group, logStreamName=STREAM, logEvents=events)
    assert "tooOldLogEventEndIndex" in answer.get("rejectedLogEventsInfo", {})
    eventually(lambda: found(aws, group, startTime=now - 20 * DAY_MS) == ["new"])


@behaviour("logs.retention")
def test_retention(aws: Aws) -> None:
    group = create_log_group(aws)
    aws.logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    (described,) = aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 14
    odd = {"logGroupName": group, "retentionInDays": 15}
    assert refused(aws.logs.put_retention_policy, **odd) == "InvalidParameterException"


@behaviour("logs.metric-filter", slow=True)
def test_metric_filter(aws: Aws) -> None:
    namespace, group, other = aws.unique, create_log_group(aws), create_log_group(aws)
    for each, metric in ((group, "Size"), (other, "Other")):
        value = {"metricNamespace": namespace, "metricName": metric, "metricValue": "$.size"}
        aws.logs.put_metric_filter(
            logGroupName=each,
            filterName="failed",
            filterPattern='{ $.kind = "failed" }',
            metricTransformations=[value],
        )
    write(aws, group, *(json.dumps(row) for row in ROWS))
    eventually(lambda: sum_of(aws, namespace, "Size") == 2005, 120)
    assert sum_of(aws, namespace, "Other") == 0


@behaviour("logs.embedded-metrics", slow=True)
def test_embedded_metrics(aws: Aws) -> None:
    described = {
        "Namespace": aws.unique,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Files", "Unit": "Count"}],
    }
    now = int(time.time() * 1000)
    line = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [described]}, "service": "a", "Files": [1, 2]}
    invoke(aws.functions, aws.account.shared(tool), {"do": "say", "lines": [json.dumps(line)]})
    eventually(lambda: sum_of(aws, aws.unique, "Files", service="a") == 3, 120)


@behaviour("logs.subscription", slow=True)
def test_subscription(aws: Aws) -> None:
    name, queue, group = aws.name("subscriber"), create_queue(aws), create_log_group(aws)
    source = f"""
        import boto3

        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl="{queue.url}", MessageBody=event["awslogs"]["data"])
    """
    arn = create_function(aws.account, aws, name, source)
    principal = "logs.amazonaws.com"
    aws.functions.add_permission(
        FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction", Principal=principal
    )
    subscription = {"logGroupName": group, "filterName": "errors", "filterPattern": "ERROR"}
    aws.logs.put_subscription_filter(**subscription, destinationArn=arn)
    write(aws, group, *PLAIN)
    handed: list[str] = []

    def both_came() -> bool:
        for message in queue.receive():
            queue.delete(message)
            data = json.loads(gzip.decompress(base64.b64decode(message["Body"])))
            if data["messageType"] == "DATA_MESSAGE":
                assert (data["logGroup"], data["logStream"]) == (group, STREAM)
                handed.extend(event["message"] for event in data["logEvents"])
        return len(handed) >= 2

    eventually(both_came)
    assert handed == ["ERROR no room", "ERROR no file"]


@behaviour("logs.insights", slow=True)
def test_insights(aws: Aws) -> None:
    group, now = create_log_group(aws, *(json.dumps(row) for row in ROWS)), int(time.time())
    query = {
        "logGroupName": group,
        "startTime": now - 3600,
        "endTime": now + 60,
        "queryString": "stats count(*) as files by kind | sort kind",
    }

    def counts() -> bool:
        started = aws.logs.start_query(**query)["queryId"]
        done = eventually(lambda: _results_of(aws, started))
        rows = [{each["field"]: each["value"] for each in row} for row in done["results"]]
        wanted = [{"kind": "delivered", "files": "1"}, {"kind": "failed", "files": "2"}]
        return rows == wanted

    eventually(counts, 120 if aws.account.is_real else 5)


def _results_of(aws: Aws, query: str) -> dict[str, Any] | None:
    answer: dict[str, Any] = aws.logs.get_query_results(queryId=query)
    return answer if answer["status"] == "Complete" else None
