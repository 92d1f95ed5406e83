"""Counts of metrics, summed up and published once a second. Imports nothing of LocalStack.

CloudWatch keeps of such data what `PutMetricData` takes as a statistic set: number, sum, least and greatest.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StatisticSet.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PUBLISH_INTERVAL_S = 1.0


@dataclass(frozen=True)
class MetricKey:
    """What was counted: a metric of one queue, or of what else the `dimension` names."""

    account_id: str
    region: str
    resource: str
    metric: str
    unit: str
    dimension: str = "QueueName"


@dataclass
class _Statistic:
    count: int
    total: float
    least: float
    greatest: float

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.greatest = max(self.greatest, value)


Publish = Callable[[str, str, list[dict[str, Any]]], None]


class MetricSums:
    """Adds up values and hands them to `publish(account_id, region, data)`, by a thread made on first use."""

    def __init__(self, publish: Publish, interval_s: float = PUBLISH_INTERVAL_S) -> None:
        self._publish = publish
        self._interval_s = interval_s
        self._sums: dict[MetricKey, _Statistic] = {}
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, key: MetricKey, value: float) -> None:
        with self._lock:
            if key in self._sums:
                self._sums[key].add(value)
                return
            self._sums[key] = _Statistic(1, value, value, value)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="floodgate-metrics", daemon=True)
                self._thread.start()
        self._something.set()

    def flush(self) -> None:
        """Publish what has been counted."""
        with self._lock:
            taken, self._sums = self._sums, {}
            self._something.clear()
        by_place: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for key, statistic in taken.items():
            by_place.setdefault((key.account_id, key.region), []).append(_datum(key, statistic))
        for (account_id, region), data in by_place.items():
            self._publish(account_id, region, data)

    def _run(self) -> None:
        while self._something.wait():
            time.sleep(self._interval_s)
            self.flush()


def _datum(key: MetricKey, statistic: _Statistic) -> dict[str, Any]:
    return {
        "MetricName": key.metric,
        "Dimensions": [{"Name": key.dimension, "Value": key.resource}],
        "Unit": key.unit,
        "StatisticValues": {
            "SampleCount": statistic.count,
            "Sum": statistic.total,
            "Minimum": statistic.least,
            "Maximum": statistic.greatest,
        },
    }
