"""Namespace AWS/States, which LocalStack does not publish and alarms need. Imports LocalStack.

Metrics and their dimension: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

from functools import partial
from typing import Any

from floodgate_localstack.live.executions import EXECUTIONS
from floodgate_localstack.metric_publishing import publish
from floodgate_localstack.metric_sums import MetricKey, MetricSums
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

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

    sums = MetricSums(partial(publish, "AWS/States"))

    def publish_change(self: Any) -> None:
        _count(sums, self)
        original(self)

    original = replace(Execution, "publish_execution_status_change_event", publish_change)


def _count(sums: MetricSums, execution: Any) -> None:
    def add(metric: str, value: float, unit: str) -> None:
        place = execution.account_id, execution.region_name
        sums.add(MetricKey(*place, execution.state_machine_arn, metric, unit, "StateMachineArn"), value)

    EXECUTIONS.changed(execution.state_machine_arn, str(execution.exec_status))
    metric = _BY_STATUS.get(str(execution.exec_status))
    if metric:
        add(metric, 1, "Count")
    if execution.stop_date:
        add(
            "ExecutionTime",
            (execution.stop_date - execution.start_date).total_seconds() * 1000,
            "Milliseconds",
        )
