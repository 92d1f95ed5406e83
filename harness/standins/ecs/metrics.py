"""The metrics of a scaling rule, read at their source: no CloudWatch minute has to pass.

On AWS they arrive once a minute and the alarms want several of them, so scaling is slower there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import UsageError
from harness.standins.ecs.expression import Expression, Value

_QUEUE_ATTRIBUTES: Final = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
"""CloudWatch's names of metrics to the names of queue attributes."""
RUNNING_TASKS: Final = "RunningTaskCount"
"""Of the namespace `ECS/ContainerInsights`."""


@dataclass(frozen=True)
class Metric:
    """One metric of a rule: an attribute of a queue, the number of running tasks, or an expression."""

    id: str
    queue: str = ""
    attribute: str = ""
    expression: Expression | None = None


class Metrics:
    """The metrics of one `CustomizedMetricSpecification`.

    :raises UsageError: one of them is none that Floodgate can read
    """

    def __init__(self, specification: Mapping[str, Any], engine: EngineInfo) -> None:
        queries = specification.get("Metrics") or [_as_query(specification)]
        self._metrics = [_metric(query) for query in queries]
        self._result = _result(queries)
        self._sqs = client("sqs", engine)
        self._urls: dict[str, str] = {}

    def read(self, running: int) -> Value:
        """Return the value that the rule compares with its target.

        :param running: the service's running tasks
        :raises AwsError: SQS refused
        :raises StackLostError: the engine does not answer
        """
        values: dict[str, Value] = {
            metric.id: self._queue_value(metric) if metric.queue else float(running)
            for metric in self._metrics
            if metric.expression is None
        }
        for metric in self._metrics:  # an expression may use those before it
            if metric.expression is not None:
                values[metric.id] = metric.expression.value(values)
        return values[self._result]

    def _queue_value(self, metric: Metric) -> float:
        with translated(f"reading the backlog of {metric.queue}"):
            if metric.queue not in self._urls:
                self._urls[metric.queue] = self._sqs.get_queue_url(QueueName=metric.queue)["QueueUrl"]
            url = self._urls[metric.queue]
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[metric.attribute])
        return float(answer["Attributes"][metric.attribute])


def _as_query(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form without metric math, one metric with its statistic, as the other form."""
    return {"Id": "m1", "MetricStat": {"Metric": specification}}


def _metric(query: Mapping[str, Any]) -> Metric:
    if expression := query.get("Expression"):
        return Metric(query["Id"], expression=Expression(expression))
    described = query["MetricStat"]["Metric"]
    namespace, name = described.get("Namespace"), described.get("MetricName")
    if namespace == "ECS/ContainerInsights" and name == RUNNING_TASKS:
        return Metric(query["Id"])
    if namespace != "AWS/SQS" or name not in _QUEUE_ATTRIBUTES:
        raise UsageError(
            f"the scaling rule reads {namespace} {name}, which Floodgate does not measure",
            hint=f"AWS/SQS: {', '.join(_QUEUE_ATTRIBUTES)}; ECS/ContainerInsights: {RUNNING_TASKS}",
        )
    queue = next(part["Value"] for part in described["Dimensions"] if part["Name"] == "QueueName")
    return Metric(query["Id"], queue, _QUEUE_ATTRIBUTES[name])


def _result(queries: Sequence[Mapping[str, Any]]) -> str:
    """Return the id of the one query whose data is returned; `ReturnData` is true unless said otherwise."""
    shown = [query["Id"] for query in queries if str(query.get("ReturnData", True)).lower() == "true"]
    if len(shown) != 1:
        raise UsageError("exactly one metric of a scaling rule has ReturnData true")
    return str(shown[0])
