"""Metrics, alarms and topics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import TOOL, create_function, invoke
from tests.conformance.log_groups import sum_of
from tests.conformance.machines import FAIL, Machines
from tests.conformance.marks import behaviour
from tests.conformance.queues import Queue, create_queue
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

METRIC_DEADLINE_S = 75.0
REAL_DEADLINE_S = 600.0
"""Metrics of AWS's services come by the minute."""


def deadline_s(aws: Aws) -> float:
    return REAL_DEADLINE_S if aws.account.is_real else METRIC_DEADLINE_S


def put(aws: Aws, metric: str, *values: float) -> None:
    data = [{"MetricName": metric, "Value": value, "Unit": "Count"} for value in values]
    aws.cloudwatch.put_metric_data(Namespace=aws.unique, MetricData=data)


@behaviour("cloudwatch.statistics")
def test_statistics(aws: Aws) -> None:
    put(aws, "Files", 1, 2, 6)
    minute = datetime.now(UTC).replace(second=0, microsecond=0)

    def point() -> Any:
        points = aws.cloudwatch.get_metric_statistics(
            Namespace=aws.unique,
            MetricName="Files",
            StartTime=minute - timedelta(minutes=55),
            EndTime=minute + timedelta(minutes=5),
            Period=3600,
            Statistics=["Sum", "Average", "Maximum", "Minimum", "SampleCount"],
        )["Datapoints"]
        return points[0] if points and points[0]["SampleCount"] == 3 else None

    found = eventually(point, deadline_s(aws))
    values = [found[name] for name in ("Sum", "Average", "Maximum", "Minimum")]
    assert values == [9, 3, 6, 1]
    assert found["Unit"] == "Count"
    assert sum_of(aws, aws.unique, "Files", customer="other") == 0


@behaviour("cloudwatch.metric-data")
def test_metric_math(aws: Aws) -> None:
    put(aws, "Failed", 1)
    put(aws, "All", 4)
    now = datetime.now(UTC)
    queries = [
        {"Id": "share", "Expression": "100 * failed / all"},
        *(
            {
                "Id": name.lower(),
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": aws.unique, "MetricName": name},
                    "Period": 3600,
                    "Stat": "Sum",
                },
            }
            for name in ("Failed", "All")
        ),
    ]

    def values() -> list[list[float]]:
        answer = aws.cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1)
        )
        return [each["Values"] for each in answer["MetricDataResults"]]

    eventually(lambda: values() == [[25.0]], deadline_s(aws) if aws.account.is_real else 10)


@behaviour("cloudwatch.reserved-namespace")
def test_reserved_namespace(aws: Aws) -> None:
    data = [{"MetricName": aws.unique, "Value": 1}]
    code = refused(aws.cloudwatch.put_metric_data, Namespace="AWS/SQS", MetricData=data)
    assert code in {"InvalidParameterValue", "InvalidParameterValueException"}


def create_alarm(aws: Aws, **more: Any) -> str:
    """Make an alarm about the test's metric `Files`, above 5 within a minute."""
    name = aws.name("alarm")
    metric = {"Namespace": aws.unique, "MetricName": "Files", "Statistic": "Sum", "Period": 60}
    aws.cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            **({} if "Metrics" in more else metric),
            **more,
        }
    )
    aws.at_end(lambda: aws.cloudwatch.delete_alarms(AlarmNames=[name]))
    return name


def state_of(aws: Aws, alarm: str) -> str:
    answer = aws.cloudwatch.describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (described,) = answer["MetricAlarms"] + answer["CompositeAlarms"]
    return str(described["StateValue"])


def create_topic(aws: Aws) -> tuple[str, Queue]:
    """Make a topic, and a queue that hears of its messages."""
    queue, topic = create_queue(aws), aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.at_end(lambda: aws.sns.delete_topic(TopicArn=topic))
    subscribe(aws, topic, queue)
    return topic, queue


def subscribe(aws: Aws, topic: str, queue: Queue, **attributes: str) -> None:
    answer = aws.sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes, ReturnSubscriptionArn=True
    )
    aws.at_end(lambda: aws.sns.unsubscribe(SubscriptionArn=answer["SubscriptionArn"]))


@behaviour("cloudwatch.alarm", slow=True)
def test_alarm(aws: Aws) -> None:
    topic, queue = create_topic(aws)
    alarm = create_alarm(aws, AlarmActions=[topic], TreatMissingData="notBreaching")
    found: list[dict[str, Any]] = []

    def told() -> bool:
        put(aws, "Files", 9)
        for message in queue.receive(wait_s=2):
            queue.delete(message)
            found.append(json.loads(json.loads(message["Body"])["Message"]))
        return any(each["NewStateValue"] == "ALARM" for each in found)

    eventually(told, deadline_s(aws))
    assert (found[-1]["AlarmName"], found[-1]["Trigger"]["MetricName"]) == (alarm, "Files")
    assert state_of(aws, alarm) == "ALARM"


@behaviour("cloudwatch.missing-data", slow=True)
def test_missing_data(aws: Aws) -> None:
    alarms = {kind: create_alarm(aws, TreatMissingData=kind) for kind in ("notBreaching", "breaching")}
    eventually(lambda: state_of(aws, alarms["notBreaching"]) == "OK", deadline_s(aws))
    eventually(lambda: state_of(aws, alarms["breaching"]) == "ALARM", deadline_s(aws))


@behaviour("cloudwatch.set-state")
def test_set_state(aws: Aws) -> None:
    topic, queue = create_topic(aws)
    alarm = create_alarm(aws, OKActions=[topic])
    aws.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    aws.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test's end")
    (body,) = queue.take_json(1)
    message = json.loads(body["Message"])
    assert (message["NewStateValue"], message["NewStateReason"]) == ("OK", "a test's end")


@behaviour("cloudwatch.math-alarm", slow=True)
def test_alarm_on_a_quotient(aws: Aws) -> None:
    metrics = [
        {"Id": "share", "Expression": "100 * failed / all", "ReturnData": True},
        *(
            {
                "Id": name.lower(),
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": aws.unique, "MetricName": name},
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for name in ("Failed", "All")
        ),
    ]
    alarm = create_alarm(aws, Metrics=metrics)

    def is_on() -> bool:
        put(aws, "Failed", 1)
        put(aws, "All", 2)
        return state_of(aws, alarm) == "ALARM"

    eventually(is_on, REAL_DEADLINE_S if aws.account.is_real else 40)


@behaviour("cloudwatch.composite-alarm", slow=True)
def test_composite_alarm(aws: Aws) -> None:
    one, other, name = create_alarm(aws), create_alarm(aws), aws.name("both")
    rule = f'ALARM("{one}") OR ALARM("{other}")'
    aws.cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule)
    aws.at_end(lambda: aws.cloudwatch.delete_alarms(AlarmNames=[name]))

    def is_on() -> bool:
        aws.cloudwatch.set_alarm_state(AlarmName=other, StateValue="ALARM", StateReason="a test")
        return state_of(aws, name) == "ALARM"

    eventually(is_on, deadline_s(aws) if aws.account.is_real else 20)


@behaviour("cloudwatch.queue-metrics", slow=True)
def test_metrics_of_a_queue(aws: Aws) -> None:
    queue = create_queue(aws)
    queue.send("1", "2")
    depth, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"

    def seen() -> bool:
        return all(sum_of(aws, "AWS/SQS", name, QueueName=queue.name) > 0 for name in (depth, age))

    eventually(seen, deadline_s(aws))


@behaviour("cloudwatch.function-metrics", slow=True)
def test_metrics_of_a_function(aws: Aws) -> None:
    name = aws.name("measured")
    create_function(aws.account, aws, name, TOOL)
    invoke(aws.functions, name)
    invoke(aws.functions, name, {"do": "fail"})
    aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

    def is_throttled() -> bool:
        try:
            aws.functions.invoke(FunctionName=name)
        except ClientError:
            return True
        return False

    eventually(is_throttled)

    def seen() -> bool:
        names = ("Invocations", "Errors", "Throttles")
        invocations, errors, throttles = (
            sum_of(aws, "AWS/Lambda", each, FunctionName=name) for each in names
        )
        # The SDK tries again what was throttled.
        return (invocations, errors) == (2, 1) and throttles >= 1

    eventually(seen, deadline_s(aws))
    assert sum_of(aws, "AWS/Lambda", "Duration", FunctionName=name) > 0


@behaviour("cloudwatch.machine-metrics", slow=True)
def test_metrics_of_a_machine(aws: Aws) -> None:
    machines = Machines(aws)
    machine = machines.create(FAIL)
    machines.end_of(machines.start(machine))

    def seen() -> bool:
        names = ("ExecutionsStarted", "ExecutionsFailed")
        return all(sum_of(aws, "AWS/States", name, StateMachineArn=machine) == 1 for name in names)

    eventually(seen, deadline_s(aws))


@behaviour("cloudwatch.topic")
def test_topic(aws: Aws) -> None:
    topic, whole = create_topic(aws)
    raw, filtered = create_queue(aws), create_queue(aws)
    subscribe(aws, topic, raw, RawMessageDelivery="true")
    subscribe(aws, topic, filtered, FilterPolicy='{"kind": ["wanted"]}', RawMessageDelivery="true")
    for kind in ("other", "wanted"):
        attribute = {"kind": {"DataType": "String", "StringValue": kind}}
        aws.sns.publish(TopicArn=topic, Message=kind, Subject="s", MessageAttributes=attribute)
    bodies = whole.take_json(2)
    assert sorted(body["Message"] for body in bodies) == ["other", "wanted"]
    assert {(body["Type"], body["TopicArn"], body["Subject"]) for body in bodies} == {
        ("Notification", topic, "s")
    }
    assert sorted(message["Body"] for message in raw.take(2)) == ["other", "wanted"]
    assert [message["Body"] for message in filtered.take(1)] == ["wanted"]
