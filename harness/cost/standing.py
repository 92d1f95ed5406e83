"""What a stack costs by being there, whether files come or not: by the resources of its template.

Transfer Family bills each protocol of a server by the hour, stopped or not, which is most of it:
https://docs.aws.amazon.com/transfer/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.cost.prices import HOURS_PER_MONTH

Properties = Mapping[str, Any]
Quantities = Mapping[str, float]

_POLLERS = 5
"""Of an event source mapping without load, each with long polls:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""
_LONG_POLL_S = 20
_CPU_UNITS = 1024
"""Of one vCPU."""


@dataclass(frozen=True)
class Standing:
    """One kind of resource that costs by the hour."""

    what: str
    count: int
    hourly: Quantities
    """Quantities for one hour, of all of them, by price id."""


@dataclass(frozen=True)
class StandingCosts:
    """What is there, and what nobody here knows the price of."""

    items: tuple[Standing, ...]
    unpriced: tuple[str, ...]
    """Types of resources that are neither in the price list nor free while nothing happens."""


def standing_costs(resources: Mapping[str, Any], parameters: Mapping[str, str]) -> StandingCosts:
    """Return what the resources of a template cost by the hour.

    :param resources: those that exist, with type and properties; conditions are decided
    :param parameters: in effect, for values that are references to them
    """
    found: dict[str, list[Quantities]] = {}
    unpriced = set()
    for body in resources.values():
        type_ = body["Type"]
        properties = _resolved(body.get("Properties", {}), parameters)
        if type_ == _SERVICE:
            tasks = _tasks(properties, resources, parameters)
            if tasks is None:
                unpriced.add(f"{type_} whose number or size of tasks the template does not tell")
            else:
                found.setdefault("Fargate tasks at the least", []).append(tasks)
        elif type_ in _BY_TYPE:
            what, hourly = _BY_TYPE[type_]
            found.setdefault(what, []).append(hourly(properties))
        elif not _costs_by_use(type_):
            unpriced.add(type_)
        elif type_ == _TABLE and properties.get("BillingMode", "PROVISIONED") != "PAY_PER_REQUEST":
            unpriced.add(f"{type_} with provisioned capacity")
    billed = {what: [quantities for quantities in each if quantities] for what, each in found.items()}
    items = (Standing(what, len(each), _sum(each)) for what, each in billed.items() if each)
    return StandingCosts(tuple(items), tuple(sorted(unpriced)))


def _resolved(properties: Properties, parameters: Mapping[str, str]) -> Properties:
    """Return properties with direct references to parameters replaced by their values."""

    def value(given: Any) -> Any:
        if isinstance(given, Mapping) and set(given) == {"Ref"}:
            return parameters.get(given["Ref"], given)
        if isinstance(given, Mapping):
            return {name: value(part) for name, part in given.items()}
        return given

    return {name: value(given) for name, given in properties.items()}


def _sum(each: list[Quantities]) -> dict[str, float]:
    names = {name for quantities in each for name in quantities}
    return {name: sum(quantities.get(name, 0) for quantities in each) for name in sorted(names)}


def _monthly(price_id: str, count: float = 1) -> dict[str, float]:
    return {price_id: count / HOURS_PER_MONTH}


def _server(properties: Properties) -> Quantities:
    return {"transfer.protocol_hours": _length(properties.get("Protocols"))}


def _length(given: Any) -> int:
    """Return how many a list has, which a parameter gives as text; one where nobody tells."""
    if isinstance(given, str):
        return len(given.split(","))
    return len(given) if given and isinstance(given, list) else 1


def _endpoint(properties: Properties) -> Quantities:
    """Gateway endpoints are free; one of type Interface is billed in each of its zones."""
    if properties.get("VpcEndpointType", "Gateway") == "Gateway":
        return {}
    return {"vpc.endpoint_hours": _length(properties.get("SubnetIds"))}


def _mapping(properties: Properties) -> Quantities:
    """Polls of empty queues are requests, too."""
    del properties
    return {"sqs.requests": _POLLERS * 3600 / _LONG_POLL_S}


def _alarm(properties: Properties) -> Quantities:
    metrics = [each for each in properties.get("Metrics", ()) if "MetricStat" in each]
    return _monthly("cloudwatch.alarm_metric_months", max(1, len(metrics)))


def _metric_filter(properties: Properties) -> Quantities:
    return _monthly("cloudwatch.metric_months", _length(properties.get("MetricTransformations")))


def _tasks(
    service: Properties, resources: Mapping[str, Any], parameters: Mapping[str, str]
) -> Quantities | None:
    """Return what the service runs when nothing waits; None where the template does not tell in numbers."""
    definition = service.get("TaskDefinition")
    logical_id = str(definition.get("Ref")) if isinstance(definition, Mapping) else ""
    if logical_id not in resources:
        return None
    task = _resolved(resources[logical_id].get("Properties", {}), parameters)
    try:
        count = float(service.get("DesiredCount", 1))
        cpu_units, memory_mib = float(task.get("Cpu", _CPU_UNITS)), float(task.get("Memory", 2048))
    except (TypeError, ValueError):
        return None
    arm = "arm_" if task.get("RuntimePlatform", {}).get("CpuArchitecture") == "ARM64" else ""
    return {
        f"fargate.{arm}vcpu_hours": count * cpu_units / _CPU_UNITS,
        f"fargate.{arm}gb_hours": count * memory_mib / 1024,
    }


def _costs_by_use(type_: str) -> bool:
    """Tell whether a type costs nothing, or nothing as long as no file comes."""
    return type_ in _BY_USE or type_.startswith("AWS::IAM::")


_BY_TYPE: Mapping[str, tuple[str, Callable[[Properties], Quantities]]] = {
    "AWS::Transfer::Server": ("Transfer Family servers, by protocol", _server),
    "AWS::EC2::VPCEndpoint": ("interface endpoints of the VPC, by zone", _endpoint),
    "AWS::EC2::NatGateway": ("NAT gateways", lambda _: {"vpc.nat_hours": 1}),
    "AWS::KMS::Key": ("KMS keys", lambda _: _monthly("kms.key_months")),
    "AWS::Lambda::EventSourceMapping": ("polls of empty queues, by event source mapping", _mapping),
    "AWS::Pipes::Pipe": ("polls of empty queues, by Pipe", _mapping),
    "AWS::CloudWatch::Alarm": ("CloudWatch alarms", _alarm),
    "AWS::CloudWatch::Dashboard": (
        "CloudWatch dashboards",
        lambda _: _monthly("cloudwatch.dashboard_months"),
    ),
    "AWS::Logs::MetricFilter": ("metrics of log filters", _metric_filter),
}
_SERVICE = "AWS::ECS::Service"
_TABLE = "AWS::DynamoDB::Table"
_BY_USE = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        _TABLE,
        "AWS::EC2::InternetGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECS::Cluster",
        "AWS::ECS::TaskDefinition",
        "AWS::Events::Rule",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::StepFunctions::StateMachine",
        "AWS::Transfer::User",
        "AWS::Transfer::Workflow",
    }
)
