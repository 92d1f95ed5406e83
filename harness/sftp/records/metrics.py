"""Metrics of the namespace AWS/Transfer, by ServerId.

https://docs.aws.amazon.com/transfer/latest/userguide/metrics.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from harness import aws, clock
from harness.engines.base import EngineInfo
from harness.exceptions import FloodgateError
from harness.sftp.outlets import Background
from harness.sftp.records.events import Happening

NAMESPACE = "AWS/Transfer"
_CONFIG = Config(connect_timeout=2, read_timeout=10)


@dataclass
class Traffic:
    """Counts of one interval. Names are those of the metrics."""

    FilesIn: int = 0
    FilesOut: int = 0
    BytesIn: int = 0
    BytesOut: int = 0


class MetricsOutlet(Background):
    """PutMetricData every `interval_s` while a session is open: counts of 0, too, when nothing moves.

    A transfer counts when it ends. Bytes of one that failed were moved all the same; its file was not.
    AWS does not say how it counts those. Several workers of a server add up: take the Sum.

    :param is_open: tells whether any session is open
    """

    what = "metrics"

    def __init__(
        self, engine: EngineInfo, server_id: str, interval_s: float, is_open: Callable[[], bool]
    ) -> None:
        super().__init__("metrics", interval_s)
        self._engine = engine
        self._cloudwatch: Any = None  # made with the first metrics: it takes a moment, which a start has not
        self._server_id = server_id
        self._is_open = is_open
        self._traffic = Traffic()
        self._lock = threading.Lock()

    def hear(self, happening: Happening) -> None:
        if happening.size_bytes is not None:
            with self._lock:
                count(self._traffic, happening)

    def turn(self) -> None:
        with self._lock:
            traffic, self._traffic = self._traffic, Traffic()
        if traffic == Traffic() and not self._is_open():
            return
        try:
            self.publish(data_of(traffic, self._server_id, clock.now()))
        except FloodgateError as exc:
            self.dropped += 1
            self._complain_once(exc)
        else:
            self._failing = False

    def publish(self, data: list[dict[str, Any]]) -> None:
        """:raises FloodgateError: they were not taken"""
        if self._cloudwatch is None:
            self._cloudwatch = aws.client("cloudwatch", self._engine, config=_CONFIG)
        with aws.translated("writing metrics"):
            self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)


def count(traffic: Traffic, happening: Happening) -> None:
    """Add a transfer that has ended."""
    files, size_bytes = int(happening.failure is None), happening.size_bytes or 0
    if happening.subject == "File Upload":
        traffic.FilesIn += files
        traffic.BytesIn += size_bytes
    elif happening.subject == "File Download":
        traffic.FilesOut += files
        traffic.BytesOut += size_bytes


def data_of(traffic: Traffic, server_id: str, at: float) -> list[dict[str, Any]]:
    """Return `MetricData`; counts that are 0 are sent, too."""
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "ServerId", "Value": server_id}],
            "Timestamp": at,
            "Value": float(value),
            "Unit": "Count",
        }
        for name, value in vars(traffic).items()
    ]
