"""Namespace AWS/States, which LocalStack does not publish and alarms need. Imports LocalStack.

Metrics and their dimension: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from floodgate_localstack.metric_sums import MetricKey, MetricSums
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)

_BY_STATUS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


@named_patch("sfn-metrics")
def apply() -> None:
    from localstack.services.stepfunctions.backend.execution import Execution

    sums = MetricSums(_publish)

    def publish(self: Any) -> None:
        _count(sums, self)
        original(self)

    original = replace(Execution, "publish_execution_status_change_event", publish)


def _count(sums: MetricSums, execution: Any) -> None:
    def add(metric: str, value: float, unit: str) -> None:
        place = execution.account_id, execution.region_name
        sums.add(MetricKey(*place, execution.state_machine_arn, metric, unit, "StateMachineArn"), value)

    metric = _BY_STATUS.get(str(execution.exec_status))
    if metric:
        add(metric, 1, "Count")
    if execution.stop_date:
        add(
            "ExecutionTime",
            (execution.stop_date - execution.start_date).total_seconds() * 1000,
            "Milliseconds",
        )


def _publish(account_id: str, region: str, data: list[dict[str, Any]]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError
    from localstack.aws.connect import connect_to
    from localstack.utils.bootstrap import is_api_enabled

    if not is_api_enabled("cloudwatch"):
        return
    now = datetime.now(UTC)
    client = connect_to(aws_access_key_id=account_id, region_name=region).cloudwatch
    try:
        client.put_metric_data(
            Namespace="AWS/States", MetricData=[{**datum, "Timestamp": now} for datum in data]
        )
    except (BotoCoreError, ClientError) as exc:
        LOG.warning("Step Functions metrics could not be stored: %s", exc)
