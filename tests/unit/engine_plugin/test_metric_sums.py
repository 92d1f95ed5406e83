"""Metrics that are summed up before they are published."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from floodgate_localstack.metric_sums import MetricKey, MetricSums

pytestmark = pytest.mark.unit

SENT = MetricKey("1", "us-east-1", "work", "NumberOfMessagesSent", "Count")
SIZE = MetricKey("1", "us-east-1", "work", "SentMessageSize", "Bytes")
ELSEWHERE = MetricKey("2", "eu-west-1", "work", "NumberOfMessagesSent", "Count")


def test_values_become_one_statistic_set_for_each_metric_and_place() -> None:
    published: list[tuple[str, str, list[dict[str, Any]]]] = []
    sums = MetricSums(lambda *call: published.append(call), interval_s=3600)
    for size in (10.0, 30.0, 20.0):
        sums.add(SENT, 1)
        sums.add(SIZE, size)
    sums.add(ELSEWHERE, 1)
    sums.flush()

    assert [(account, region) for account, region, _ in published] == [
        ("1", "us-east-1"),
        ("2", "eu-west-1"),
    ]
    data = {datum["MetricName"]: datum for datum in published[0][2]}
    assert data["SentMessageSize"]["StatisticValues"] == {
        "SampleCount": 3, "Sum": 60.0, "Minimum": 10.0, "Maximum": 30.0,
    }  # fmt: skip
    assert data["NumberOfMessagesSent"]["Dimensions"] == [{"Name": "QueueName", "Value": "work"}]
    assert data["NumberOfMessagesSent"]["StatisticValues"]["Sum"] == 3

    sums.flush()
    assert len(published) == 2  # nothing new, nothing published


def test_counts_of_many_threads_are_all_published_by_the_own_thread() -> None:
    total, done = [0.0], threading.Event()

    def publish(_account: str, _region: str, data: list[dict[str, Any]]) -> None:
        total[0] += sum(datum["StatisticValues"]["Sum"] for datum in data)
        if total[0] == 4000:
            done.set()

    sums = MetricSums(publish, interval_s=0.01)
    threads = [threading.Thread(target=lambda: [sums.add(SENT, 1) for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert done.wait(10)
