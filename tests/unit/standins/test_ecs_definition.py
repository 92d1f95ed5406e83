"""What is taken of the properties of a service, its task definition and its scaling."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import UsageError
from harness.standins.config import Resource
from harness.standins.ecs.definition import LogDestination, services_of
from harness.standins.ecs.metrics import Metrics
from harness.standins.ecs.scaling import TargetTracking

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:1")


def container(**changes: Any) -> dict[str, Any]:
    return {
        "Name": "worker",
        "Command": ["python", "-m", "pipeline.worker"],
        "Environment": [{"Name": "A", "Value": "1"}],
        "StopTimeout": "120",
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {"awslogs-group": "/ecs/worker", "awslogs-stream-prefix": "tasks"},
        },
        **changes,
    }


def metrics() -> list[dict[str, Any]]:
    def query(name: str, namespace: str, metric: str, dimensions: list[dict[str, str]]) -> dict[str, Any]:
        described = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
        return {"Id": name, "MetricStat": {"Metric": described, "Stat": "Average"}, "ReturnData": "false"}

    queue = [{"Name": "QueueName", "Value": "work"}]
    return [
        query("visible", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        query("running", "ECS/ContainerInsights", "RunningTaskCount", []),
        {"Id": "backlog", "Expression": "visible / running", "ReturnData": "true"},
    ]


def resources(**changes: Any) -> list[Resource]:
    described: dict[str, tuple[str, dict[str, Any]]] = {
        "Service": (
            "AWS::ECS::Service",
            {"Cluster": "c", "TaskDefinition": "TaskDefinition", "DesiredCount": "2"},
        ),
        "TaskDefinition": ("AWS::ECS::TaskDefinition", {"ContainerDefinitions": [container()]}),
        "Target": (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            {"ServiceNamespace": "ecs", "MinCapacity": "1", "MaxCapacity": "20"},
        ),
        "Policy": (
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": "100",
                    "ScaleOutCooldown": "60",
                    "ScaleInCooldown": "300",
                    "CustomizedMetricSpecification": {"Metrics": metrics()},
                }
            },
        ),
    }
    return [
        Resource(logical_id=name, type=kind, properties={**found, **changes.get(name, {})})
        for name, (kind, found) in described.items()
    ]


def test_a_service_is_read_whole() -> None:
    (service,) = services_of(resources())
    assert (service.name, service.cluster, service.desired_count) == ("Service", "c", 2)
    assert service.container.command == ["python", "-m", "pipeline.worker"]
    assert service.container.environment == {"A": "1"}
    assert service.container.stop_timeout_s == 120
    assert service.container.logs == LogDestination("/ecs/worker", "tasks")
    assert service.scaling is not None
    assert service.scaling.tracking == TargetTracking(100, 1, 20, 60, 300)
    Metrics(service.scaling.specification, ENGINE)


def test_without_a_policy_the_count_stays() -> None:
    (service,) = services_of([one for one in resources() if one.logical_id != "Policy"])
    assert service.scaling is None


def test_a_policy_on_cpu_is_left_out() -> None:
    predefined = {
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        }
    }
    (service,) = services_of(resources(Policy=predefined))
    assert service.scaling is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"TaskDefinition": {"ContainerDefinitions": []}}, "0 containers"),
        ({"TaskDefinition": {"ContainerDefinitions": [container(Command=[])]}}, "Command"),
    ],
)
def test_what_cannot_be_stood_in_for_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        services_of(resources(**changes))


def test_a_service_without_its_task_definition_is_refused() -> None:
    with pytest.raises(UsageError, match="no task definition"):
        services_of([one for one in resources() if one.logical_id != "TaskDefinition"])


def test_a_metric_that_is_not_measured_is_refused() -> None:
    unknown = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
    with pytest.raises(UsageError, match="AWS/Lambda Errors"):
        Metrics(unknown, ENGINE)


def test_one_metric_is_the_result() -> None:
    queries = [{**query, "ReturnData": True} for query in metrics()]
    with pytest.raises(UsageError, match="exactly one"):
        Metrics({"Metrics": queries}, ENGINE)
