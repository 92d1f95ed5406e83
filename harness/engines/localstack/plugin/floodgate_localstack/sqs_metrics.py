"""SQS's CloudWatch metrics, once a second for all messages instead of one API call for each.

LocalStack publishes two metrics for each message sent and one for each receive and delete, each by a boto
client and each with a commit to a database on disk: nearly a quarter of the engine's CPU on the file path.
The sums, and so alarms on them, stay the same.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from floodgate_localstack.metric_sums import MetricKey, MetricSums
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)
_MOST_DATA_PER_CALL = 1000


def _publish(account_id: str, region: str, data: list[dict[str, Any]]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError
    from localstack.aws.connect import connect_to
    from localstack.utils.bootstrap import is_api_enabled

    if not is_api_enabled("cloudwatch"):
        return
    now = datetime.now(UTC)
    client = connect_to(aws_access_key_id=account_id, region_name=region).cloudwatch
    try:
        for start in range(0, len(data), _MOST_DATA_PER_CALL):
            chunk = [{**datum, "Timestamp": now} for datum in data[start : start + _MOST_DATA_PER_CALL]]
            client.put_metric_data(Namespace="AWS/SQS", MetricData=chunk)
    except (BotoCoreError, ClientError) as exc:
        LOG.warning("SQS metrics could not be stored: %s", exc)


@named_patch("sqs-metrics")
def apply_sums() -> None:
    from localstack.services.sqs.provider import CloudwatchDispatcher

    sums = MetricSums(_publish)

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
