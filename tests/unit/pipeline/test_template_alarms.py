"""Alarms, metric filters and the dashboard."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipeline.records import states
from pipeline.records.metrics import Tally
from tests.unit.pipeline.template_variants import PSEUDO, Variant, targets, variant, variants

pytestmark = pytest.mark.unit

each_variant = pytest.mark.parametrize("found", variants(), ids=str)


@each_variant
def test_every_alarm_acts_on_the_topic_and_is_allowed_to(found: Variant) -> None:
    topic = [{"Ref": "AlarmsTopic"}]
    (policy,) = found.of_type("SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    allowed = statement["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].partition(":alarm:")[2]
    for alarm in found.of_type("CloudWatch::Alarm").values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (topic, topic)
        assert alarm["AlarmName"]["Fn::Sub"].startswith(allowed.removesuffix("*"))


@each_variant
def test_the_topic_of_alarms_can_be_published_to(found: Variant) -> None:
    """CloudWatch cannot use SNS's own key."""
    assert "KmsMasterKeyId" not in found.of_type("SNS::Topic")["AlarmsTopic"]


@each_variant
def test_every_dead_letter_queue_and_every_backlog_is_watched(found: Variant) -> None:
    watched: dict[str, set[str]] = {}
    for alarm in found.of_type("CloudWatch::Alarm").values():
        if alarm.get("Namespace") == "AWS/SQS":
            (dimension,) = alarm["Dimensions"]
            watched.setdefault(alarm["MetricName"], set()).add(next(targets(dimension["Value"])))
    queues = found.of_type("SQS::Queue")
    worked_on = {name for name, queue in queues.items() if "RedrivePolicy" in queue}
    assert watched["ApproximateAgeOfOldestMessage"] == worked_on
    assert watched["ApproximateNumberOfMessagesVisible"] == set(queues) - worked_on


def _summed(found: Variant, alarm: str) -> dict[str, set[str]]:
    """Return what an alarm adds up, metric by metric."""
    if alarm not in found.resources:
        return {}
    total, *metrics = found.of_type("CloudWatch::Alarm")[alarm]["Metrics"]
    assert (total["Expression"], total["ReturnData"]) == ("SUM(METRICS())", True)
    assert len(metrics) <= 10, "CloudWatch takes no more"
    assert len({metric["Id"] for metric in metrics}) == len(metrics)
    result: dict[str, set[str]] = {}
    for metric in metrics:
        assert metric["ReturnData"] is False
        asked = metric["MetricStat"]["Metric"]
        result.setdefault(asked["MetricName"], set()).add(next(targets(asked["Dimensions"][0]["Value"])))
    return result


@each_variant
def test_errors_and_throttles_of_all_functions_are_watched(found: Variant) -> None:
    functions = set(found.of_type("Lambda::Function"))
    refusing = {"ValidateFunction"}
    assert _summed(found, "FunctionErrorsAlarm").get("Errors", set()) == functions - refusing
    assert _summed(found, "FunctionThrottlesAlarm").get("Throttles", set()) == functions


@each_variant
def test_failed_executions_of_all_state_machines_are_watched(found: Variant) -> None:
    machines = set(found.of_type("StepFunctions::StateMachine"))
    summed = _summed(found, "FailedExecutionsAlarm")
    wanted = {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"} if machines else set()
    assert set(summed) == wanted
    assert all(watched == machines for watched in summed.values())


@each_variant
def test_results_and_refused_logins_are_counted_from_the_logs(found: Variant) -> None:
    filters = found.of_type("Logs::MetricFilter")
    dead = {"DeadExecutionsFilter"} if found.chosen["Route"] == "direct" else set()
    always = {"TransferredFilter", "FailedFilter", "QuarantinedFilter", "AuthenticationFailuresFilter"}
    assert set(filters) == always | dead
    for counting in filters.values():
        assert next(targets(counting["LogGroupName"])) in found.resources
        (metric,) = counting["MetricTransformations"]
        assert metric["DefaultValue"] == 0
    assert next(targets(filters["AuthenticationFailuresFilter"]["LogGroupName"])) == "SftpLogGroup"
    (copying,) = targets(found.outputs["CopyingRole"]["Value"])
    (writing,) = targets(filters["TransferredFilter"]["LogGroupName"])
    assert writing.removesuffix("LogGroup") == copying.removesuffix("Role")


def _dashboard(found: Variant) -> dict[str, Any]:
    (dashboard,) = found.of_type("CloudWatch::Dashboard").values()
    text: str = dashboard["DashboardBody"]["Fn::Sub"]
    for name, value in PSEUDO.items():
        text = text.replace(f"${{{name}}}", value)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@each_variant
def test_the_dashboard_shows_every_queue_function_and_state_machine(found: Variant) -> None:
    text = json.dumps(_dashboard(found)["widgets"])
    for kind, name in (
        ("SQS::Queue", "QueueName"),
        ("Lambda::Function", "FunctionName"),
        ("StepFunctions::StateMachine", "StateMachineName"),
    ):
        for properties in found.of_type(kind).values():
            shown = properties[name]["Fn::Sub"].replace("${AWS::StackName}", PSEUDO["AWS::StackName"])
            assert re.search(rf'[":]{re.escape(shown)}\\+"', text), shown


def test_widgets_do_not_overlap_and_searches_are_not_too_long() -> None:
    places = set()
    for widget in _dashboard(variant({"Route": "queued"}))["widgets"]:
        place = (widget["x"], widget["y"])
        assert place not in places
        assert widget["x"] + widget["width"] <= 24
        places.add(place)
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                assert len(metric[0]["expression"]) <= 1024


def test_an_address_gets_the_alarms() -> None:
    assert not variant({"Route": "queued"}).of_type("SNS::Subscription")
    (subscription,) = (
        variant({"Route": "queued", "AlarmEmail": "a@b.example"}).of_type("SNS::Subscription").values()
    )
    assert subscription["Protocol"] == "email"


def _embedded(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what a handler writes that has seen every end."""
    tally = Tally()
    for status in states.ENDINGS:
        tally.add(status, size_bytes=1, duration_s=1.0)
    tally.publish()
    written: dict[str, Any] = json.loads(capsys.readouterr().out)
    return written


@each_variant
def test_the_dashboard_and_the_filters_use_the_metrics_that_handlers_embed(
    found: Variant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", PSEUDO["AWS::StackName"])
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
    written = _embedded(capsys)
    (embedded,) = written["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in embedded["Metrics"]}
    shown = [
        metric for widget in _dashboard(found)["widgets"][:2] for metric in widget["properties"]["metrics"]
    ]
    assert len(shown) > 1
    for namespace, name, dimension, value, *_ in shown:
        assert (namespace, written[dimension]) == (embedded["Namespace"], value)
        assert name in names
    for name, counting in found.of_type("Logs::MetricFilter").items():
        pattern = counting["FilterPattern"] if name != "AuthenticationFailuresFilter" else ""
        assert set(re.findall(r"\$\.(\w+)", pattern)) <= names
