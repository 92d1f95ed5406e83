"""Counts the metrics of namespace AWS/Lambda and publishes them once a second instead of once per call.

Which metrics there are, and that a good invocation counts 0 errors:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PUBLISH_INTERVAL_S = 1.0
VALUES_LIMIT = 150  # of one datum of PutMetricData


@dataclass(frozen=True)
class FunctionKey:
    """Whose metrics: one function of one account and region."""

    account_id: str
    region: str
    name: str


@dataclass
class Counts:
    """What has happened to one function since the last publication."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    durations_ms: list[float] = field(default_factory=list)


Datum = dict[str, Any]
Publish = Callable[[str, str, list[Datum]], None]


class MetricCollector:
    """Collects counts and hands them to `publish(account_id, region, data)`, in a thread once started."""

    def __init__(self, publish: Publish, interval_s: float = PUBLISH_INTERVAL_S) -> None:
        self._publish = publish
        self._interval_s = interval_s
        self._counts: dict[FunctionKey, Counts] = defaultdict(Counts)
        self._lock = threading.Lock()
        self._something = threading.Event()

    def start(self) -> None:
        """Start the thread, which lives as long as the process."""
        threading.Thread(target=self._run, name="floodgate-lambda-metrics", daemon=True).start()

    def invoked(self, key: FunctionKey, duration_ms: float, *, is_error: bool) -> None:
        """Count one invocation that ran."""
        with self._lock:
            counts = self._counts[key]
            counts.invocations += 1
            counts.errors += is_error
            counts.durations_ms.append(duration_ms)
        self._something.set()

    def throttled(self, key: FunctionKey) -> None:
        """Count one invocation that was refused; it is no invocation in the sense of the metrics."""
        with self._lock:
            self._counts[key].throttles += 1
        self._something.set()

    def flush(self) -> None:
        """Publish what has been counted."""
        with self._lock:
            taken, self._counts = self._counts, defaultdict(Counts)
            self._something.clear()
        by_place: dict[tuple[str, str], list[Datum]] = defaultdict(list)
        for key, counts in taken.items():
            by_place[key.account_id, key.region] += metric_data(key.name, counts)
        for (account_id, region), data in by_place.items():
            self._publish(account_id, region, data)

    def _run(self) -> None:
        while self._something.wait():
            time.sleep(self._interval_s)
            self.flush()


def metric_data(function_name: str, counts: Counts) -> list[Datum]:
    """The data of PutMetricData for one function."""
    dimensions = [{"Name": "FunctionName", "Value": function_name}]
    data = [_datum("Throttles", dimensions, counts.throttles, counts.throttles + counts.invocations)]
    if counts.invocations:
        data.append(_datum("Invocations", dimensions, counts.invocations, counts.invocations))
        data.append(_datum("Errors", dimensions, counts.errors, counts.invocations))
    for first in range(0, len(counts.durations_ms), VALUES_LIMIT):
        values = counts.durations_ms[first : first + VALUES_LIMIT]
        data.append(
            {
                "MetricName": "Duration",
                "Dimensions": dimensions,
                "Unit": "Milliseconds",
                "Values": values,
                "Counts": [1.0] * len(values),
            }
        )
    return data


def _datum(name: str, dimensions: list[dict[str, str]], total: int, samples: int) -> Datum:
    statistics = {
        "SampleCount": samples,
        "Sum": total,
        "Minimum": int(total == samples),
        "Maximum": min(total, 1),
    }
    return {"MetricName": name, "Dimensions": dimensions, "Unit": "Count", "StatisticValues": statistics}
