"""The metrics of namespace AWS/Lambda."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.integration.lambda_runtime.conftest import Deploy
from tests.integration.lambda_runtime.engine_process import EngineProcess
from tests.integration.lambda_runtime.functions import wait_until

pytestmark = pytest.mark.integration


def test_invocations_errors_throttles_and_durations_are_counted(
    deploy: Deploy, engine: EngineProcess
) -> None:
    source = """
        import time

        def handler(event, context):
            time.sleep(event.get("s", 0))
            return 1 / event["by"]
    """
    function = deploy(source)
    client = engine.client("lambda")
    for by in (1, 1, 1, 0, 0):
        function.invoke({"by": by, "s": 0.05})
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequests"):
        function.invoke({"by": 1})

    def total(metric: str, statistic: str = "Sum") -> float:
        now = datetime.now(UTC)
        found = engine.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": function.name}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=10),
            Period=3600,
            Statistics=[statistic],
        )
        return float(sum(point[statistic] for point in found["Datapoints"]))

    wait_until(lambda: total("Throttles") == 1, "the throttle is counted")
    assert total("Invocations") == 5
    assert total("Errors") == 2
    assert total("Errors", "SampleCount") == 5
    assert total("Duration", "SampleCount") == 5
    assert 250 <= total("Duration") < 5000
