"""Values of metrics, gathered and published once a second. Imports nothing of LocalStack.

Each value is kept, so that percentiles come out right:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html (150 different values)
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

PUBLISH_INTERVAL_S = 1.0
_VALUES_PER_DATUM = 150
Dimensions = tuple[tuple[str, str], ...]
Place = tuple[str, str, str]
"""Account, Region, namespace."""
Publish = Callable[[Place, list[dict[str, Any]]], None]


@dataclass(frozen=True)
class Metric:
    """Which metric a value belongs to."""

    name: str
    unit: str = "None"
    dimensions: Dimensions = ()


class MetricValues:
    """Takes values and hands them to `publish`, by a thread made on first use."""

    def __init__(self, publish: Publish, interval_s: float = PUBLISH_INTERVAL_S) -> None:
        self._publish = publish
        self._interval_s = interval_s
        self._values: dict[tuple[Place, Metric], Counter[float]] = {}
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, place: Place, metric: Metric, values: Iterable[float]) -> None:
        """Take values of one metric."""
        with self._lock:
            self._values.setdefault((place, metric), Counter()).update(values)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="floodgate-log-metrics", daemon=True)
                self._thread.start()
        self._something.set()

    def flush(self) -> None:
        """Publish what has been taken."""
        with self._lock:
            taken, self._values = self._values, {}
            self._something.clear()
        by_place: dict[Place, list[dict[str, Any]]] = {}
        for (place, metric), counts in taken.items():
            by_place.setdefault(place, []).extend(_data(metric, counts))
        for place, data in by_place.items():
            self._publish(place, data)

    def _run(self) -> None:
        while self._something.wait():
            time.sleep(self._interval_s)
            self.flush()


def _data(metric: Metric, counts: Counter[float]) -> Iterable[dict[str, Any]]:
    entries = sorted(counts.items())
    for start in range(0, len(entries), _VALUES_PER_DATUM):
        chunk = entries[start : start + _VALUES_PER_DATUM]
        yield {
            "MetricName": metric.name,
            "Unit": metric.unit,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
            "Values": [value for value, _ in chunk],
            "Counts": [float(count) for _, count in chunk],
        }
