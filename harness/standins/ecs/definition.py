"""What a service is told to do: `AWS::ECS::Service`, its task definition, and its scaling.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.exceptions import UsageError
from harness.standins.config import Resource
from harness.standins.ecs.scaling import TargetTracking

SERVICE_TYPE = "AWS::ECS::Service"
TASK_DEFINITION_TYPE = "AWS::ECS::TaskDefinition"
SCALABLE_TARGET_TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING_POLICY_TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"
_DEFAULT_STOP_TIMEOUT_S = 30
_MAX_STOP_TIMEOUT_S = 120
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogDestination:
    """The `awslogs` driver of a container."""

    group: str
    stream_prefix: str


@dataclass(frozen=True)
class Container:
    """The one container of a task."""

    name: str
    command: list[str]
    environment: dict[str, str]
    stop_timeout_s: float
    logs: LogDestination | None


@dataclass(frozen=True)
class ScalingRule:
    """A target tracking policy with the metric that it follows."""

    tracking: TargetTracking
    specification: Mapping[str, Any]


@dataclass(frozen=True)
class Service:
    """One service, ready to run."""

    name: str
    cluster: str
    desired_count: int
    container: Container
    scaling: ScalingRule | None


def services_of(resources: Sequence[Resource]) -> list[Service]:
    """Return the services among the resources of a template.

    :raises UsageError: one cannot be stood in for; the message names it
    """
    return [_service(resource, resources) for resource in resources if resource.type == SERVICE_TYPE]


def _service(resource: Resource, resources: Sequence[Resource]) -> Service:
    properties = resource.properties
    definition = _task_definition(resource, resources)
    return Service(
        name=_last_part(properties.get("ServiceName") or resource.logical_id),
        cluster=_last_part(properties.get("Cluster") or "default"),
        desired_count=int(properties.get("DesiredCount", 1)),
        container=_container(definition),
        scaling=_scaling(resource, resources),
    )


def _task_definition(service: Resource, resources: Sequence[Resource]) -> Resource:
    found = _of_type(resources, TASK_DEFINITION_TYPE)
    named = str(service.properties.get("TaskDefinition", ""))
    matching = [one for one in found if _is_named(one, "Family", named)] or (found if len(found) == 1 else [])
    if len(matching) != 1:
        raise UsageError(
            f"{service.logical_id} (AWS::ECS::Service): no task definition {named!r} among the resources"
        )
    return matching[0]


def _is_named(resource: Resource, name_property: str, text: str) -> bool:
    """Tell whether a reference, resolved to an ARN, a name or a logical id, means this resource."""
    return _last_part(text).split(":")[0] in (resource.logical_id, resource.properties.get(name_property))


def _container(definition: Resource) -> Container:
    containers = definition.properties.get("ContainerDefinitions") or []
    if len(containers) != 1:
        raise UsageError(
            f"{definition.logical_id} has {len(containers)} containers",
            hint="Floodgate stands in for tasks of one container",
        )
    found = containers[0]
    command = [*(found.get("EntryPoint") or []), *(found.get("Command") or [])]
    if not command:
        raise UsageError(
            f"{definition.logical_id} has no Command",
            hint="there is no image here that could say what to run",
        )
    stop_timeout_s = float(found.get("StopTimeout", _DEFAULT_STOP_TIMEOUT_S))
    return Container(
        name=found["Name"],
        command=command,
        environment={pair["Name"]: str(pair["Value"]) for pair in found.get("Environment") or []},
        stop_timeout_s=min(stop_timeout_s, _MAX_STOP_TIMEOUT_S),
        logs=_logs(found.get("LogConfiguration") or {}),
    )


def _logs(configuration: Mapping[str, Any]) -> LogDestination | None:
    options = configuration.get("Options") or {}
    if configuration.get("LogDriver") != "awslogs":
        return None
    return LogDestination(options["awslogs-group"], options.get("awslogs-stream-prefix", "ecs"))


def _scaling(service: Resource, resources: Sequence[Resource]) -> ScalingRule | None:
    """Return the rule of the service; None leaves it at its desired count."""
    targets = [
        one
        for one in _of_type(resources, SCALABLE_TARGET_TYPE)
        if one.properties.get("ServiceNamespace") == "ecs"
    ]
    policies = _of_type(resources, SCALING_POLICY_TYPE)
    if not targets or not policies:
        return None
    if len(targets) > 1 or len(policies) > 1:
        raise UsageError(f"{service.logical_id}: Floodgate stands in for one scaling policy of one service")
    return _rule(policies[0], targets[0])


def _rule(policy: Resource, target: Resource) -> ScalingRule | None:
    tracking = policy.properties.get("TargetTrackingScalingPolicyConfiguration")
    if not tracking or not (specification := tracking.get("CustomizedMetricSpecification")):
        _log.warning("%s is no target tracking on a metric of its own: not stood in for", policy.logical_id)
        return None
    return ScalingRule(
        TargetTracking(
            target=float(tracking["TargetValue"]),
            min_capacity=int(target.properties["MinCapacity"]),
            max_capacity=int(target.properties["MaxCapacity"]),
            scale_out_cooldown_s=float(tracking.get("ScaleOutCooldown", 0)),
            scale_in_cooldown_s=float(tracking.get("ScaleInCooldown", 0)),
            scale_in=str(tracking.get("DisableScaleIn", False)).lower() != "true",
        ),
        specification,
    )


def _of_type(resources: Sequence[Resource], kind: str) -> list[Resource]:
    return [resource for resource in resources if resource.type == kind]


def _last_part(arn: str) -> str:
    return arn.rpartition("/")[2]
