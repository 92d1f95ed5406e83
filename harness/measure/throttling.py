"""How often Lambda refused to start a function, because all of its concurrency was in use.

An event source mapping's message comes back after each refusal, with its receive count raised: without a
limit on the mapping it ends in the dead-letter queue although no function has ever seen it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.aws import translated
from harness.clock import now

_PERIOD_S = 60
"""Lambda's metrics have a resolution of one minute."""
_MAX_POINTS = 1440
"""CloudWatch returns no more in one answer
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html)."""


def count(client: Any, functions: Iterable[str], since: float) -> int:
    """Return the sum of `Throttles` over these functions since then (epoch seconds).

    :raises StackLostError: the engine does not answer
    :raises AwsError: the metric cannot be read
    """
    start = datetime.fromtimestamp(since, UTC).replace(second=0, microsecond=0)
    end = datetime.fromtimestamp(now(), UTC) + timedelta(seconds=_PERIOD_S)
    minutes = int((end - start).total_seconds() // _PERIOD_S) + 1
    period_s = _PERIOD_S * -(-minutes // _MAX_POINTS)
    return sum(_throttles(client, function, start, end, period_s) for function in functions)


def _throttles(client: Any, function: str, start: datetime, end: datetime, period_s: int) -> int:
    with translated("reading how often Lambda throttled"):
        answer = client.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Throttles",
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=start,
            EndTime=end,
            Period=period_s,
            Statistics=["Sum"],
        )
    return sum(round(float(point["Sum"])) for point in answer["Datapoints"])
