"""Stores metrics that this plugin has counted, in LocalStack's CloudWatch. Imports LocalStack inside."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

LOG = logging.getLogger(__name__)
_MOST_DATA_PER_CALL = 500
"""AWS takes 1,000 in 1 MB; a datum may hold 150 values.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""


def publish(namespace: str, account_id: str, region: str, data: list[dict[str, Any]]) -> None:
    """Store data of one namespace as of now. What cannot be stored is lost, and logged.

    :param data: as in `PutMetricData`, without `Timestamp`
    """
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
            client.put_metric_data(Namespace=namespace, MetricData=chunk)
    except (BotoCoreError, ClientError) as exc:
        LOG.warning("Metrics of %s could not be stored: %s", namespace, exc)
