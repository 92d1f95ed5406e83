"""Alarms on a sum of metrics."""

from __future__ import annotations

from typing import Any

import pytest
from floodgate_localstack.alarm_sums import as_simple, parts_of, summed

pytestmark = pytest.mark.unit


def query(name: str, period: int = 60) -> dict[str, Any]:
    metric = {"Namespace": "AWS/States", "MetricName": name, "Dimensions": [{"Name": "x", "Value": name}]}
    return {
        "Id": name,
        "ReturnData": False,
        "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"},
    }


def alarm(*stats: dict[str, Any], expression: str = "SUM(METRICS())") -> dict[str, Any]:
    total = {"Id": "total", "Expression": expression, "ReturnData": True}
    return {"AlarmName": "a", "Threshold": 0.0, "Metrics": [total, *stats]}


def test_a_sum_is_asked_for_metric_by_metric() -> None:
    failed, aborted = parts_of(alarm(query("failed"), query("aborted")))
    assert (failed["MetricName"], aborted["MetricName"]) == ("failed", "aborted")
    assert failed["Dimensions"] == [{"Name": "x", "Value": "failed"}]
    assert (failed["Period"], failed["Statistic"], failed["Threshold"]) == (60, "Sum", 0.0)
    assert "Metrics" not in failed


def test_the_scheduler_finds_the_fields_that_it_asks_for() -> None:
    simple = as_simple(alarm(query("failed")))
    assert {"Period", "Statistic", "MetricName", "Threshold"} <= set(simple)


@pytest.mark.parametrize(
    "other",
    [
        {"AlarmName": "a", "MetricName": "m", "Period": 60, "Statistic": "Sum"},
        alarm(query("failed"), expression="failed / 2"),
        alarm(query("failed"), query("slow", period=300)),
    ],
    ids=["one metric", "other math", "two periods"],
)
def test_what_is_no_sum_stays_as_it_is(other: dict[str, Any]) -> None:
    assert parts_of(other) == []
    assert as_simple(other) == other


def test_series_are_added_point_by_point() -> None:
    assert summed([[1.0, None, None], [2.0, 3.0, None]]) == [3.0, 3.0, None]
