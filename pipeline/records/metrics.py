"""Metrics that CloudWatch reads from the log (embedded metric format): no call, one line for a batch.

Namespace POWERTOOLS_METRICS_NAMESPACE, and the one dimension `service` (POWERTOOLS_SERVICE_NAME):

| metric | unit | counts |
|---|---|---|
| `FilesTransferred`, `FilesFailed`, `FilesSuperseded` | Count | uploads that ended so |
| `AttemptsFailed` | Count | attempts that failed and are followed by another |
| `BytesTransferred` | Bytes | sizes of the transferred uploads |
| `TransferDuration` | Milliseconds | one value for each transferred upload: the time of its copy |

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import os
from collections import Counter

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from pipeline.records import states

_NAMESPACE = "FileTransfer"
_SERVICE = "file-transfer"
_NAME_OF_STATUS = {
    states.TRANSFERRED: "FilesTransferred",
    states.FAILED: "FilesFailed",
    states.SUPERSEDED: "FilesSuperseded",
    states.QUEUED: "AttemptsFailed",
}


class Tally:
    """Counts the ends of one batch."""

    def __init__(self) -> None:
        self._statuses: Counter[str] = Counter()
        self._bytes = 0
        self._durations_s: list[float] = []

    def add(self, status: str, size_bytes: int, duration_s: float) -> None:
        """Count the end of one attempt."""
        self._statuses[status] += 1
        if status == states.TRANSFERRED:
            self._bytes += size_bytes
            self._durations_s.append(duration_s)

    def counts(self) -> dict[str, int]:
        """Return the count of each status, for the log."""
        return dict(self._statuses)

    def publish(self) -> None:
        """Write the line, if there is anything to tell."""
        if not self._statuses:
            return
        metrics = EphemeralMetrics(
            namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", _NAMESPACE),
            service=os.environ.get("POWERTOOLS_SERVICE_NAME", _SERVICE),
        )
        for status, count in self._statuses.items():
            metrics.add_metric(_NAME_OF_STATUS[status], MetricUnit.Count, count)
        if self._durations_s:
            metrics.add_metric("BytesTransferred", MetricUnit.Bytes, self._bytes)
        for duration_s in self._durations_s:
            metrics.add_metric("TransferDuration", MetricUnit.Milliseconds, round(1000 * duration_s, 1))
        metrics.flush_metrics()
