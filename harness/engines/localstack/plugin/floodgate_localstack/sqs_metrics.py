"""SQS's CloudWatch metrics, once a second for all messages instead of one API call for each.

LocalStack publishes two metrics for each message sent and one for each receive and delete, each by a boto
client and each with a commit to a database on disk: nearly a quarter of the engine's CPU on the file path.
The sums, and so alarms on them, stay the same.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from floodgate_localstack.metric_publishing import publish
from floodgate_localstack.metric_sums import MetricKey, MetricSums
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch


@named_patch("sqs-metrics")
def apply_sums() -> None:
    from localstack.services.sqs.provider import CloudwatchDispatcher

    sums = MetricSums(partial(publish, "AWS/SQS"))

    def dispatch_sqs_metric(
        self: Any,
        account_id: str,
        region: str,
        queue_name: str,
        metric: str,
        value: float = 1,
        unit: str = "Count",
    ) -> None:
        if self.running:
            sums.add(MetricKey(account_id, region, queue_name, metric, unit), value)

    replace(CloudwatchDispatcher, "dispatch_sqs_metric", dispatch_sqs_metric)


def apply() -> None:
    apply_sums()
