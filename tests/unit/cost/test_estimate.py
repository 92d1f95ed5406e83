"""The arithmetic of the estimate, and what the price list must have."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.cost.estimate import Load, estimate
from harness.cost.per_file import GB, Variant, per_file
from harness.cost.prices import HOURS_PER_MONTH, price_list
from harness.cost.standing import standing_costs
from harness.cost.words import lines
from harness.deploy.options import ROUTES, PipelineOptions
from harness.deploy.prepare import Prepared, prepare
from harness.engines.base import Capabilities

pytestmark = pytest.mark.unit

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/worker:1"
SERVER = {"Type": "AWS::Transfer::Server", "Properties": {"Protocols": ["SFTP", "FTPS"]}}


def prepared(route: str = "queued", endpoint: str = "none", **parameters: str) -> Prepared:
    image = {"WorkerImage": IMAGE} if route == "ecs" else {}
    options = PipelineOptions(route=route, parameters={"SftpEndpoint": endpoint, **image, **parameters})
    return prepare(options, Capabilities(), profile="aws")


def hourly(resources: dict[str, Any], parameters: dict[str, str] | None = None) -> dict[str, float]:
    """Return the quantities of an hour by price id."""
    found = standing_costs(resources, parameters or {})
    return {name: amount for item in found.items for name, amount in item.hourly.items()}


def test_every_price_has_a_date_a_source_and_a_positive_value() -> None:
    for price in price_list().by_id.values():
        assert price.usd > 0
        assert price.per in (1, 1000, 1_000_000)
        assert re.fullmatch(r"(undated, read )?20\d\d-\d\d(-\d\d)?", price.date), price
        assert price.source.startswith("https://")


def test_prices_are_for_so_many_units() -> None:
    assert price_list().usd({"s3.writes": 2000, "sqs.requests": 500_000}) == pytest.approx(0.01 + 0.2)


def test_a_transfer_server_is_billed_by_the_hour_and_protocol() -> None:
    assert hourly({"Server": SERVER}) == {"transfer.protocol_hours": 2}
    found = estimate({"Server": SERVER}, Variant("queued", {}, transfer=True))
    assert found.usd_per_hour == pytest.approx(0.60)
    assert found.usd_per_month == pytest.approx(0.60 * HOURS_PER_MONTH)


def test_endpoints_are_billed_by_zone_and_gateways_are_free() -> None:
    interface = {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}
    resources = {
        "Sqs": {"Type": "AWS::EC2::VPCEndpoint", "Properties": interface},
        "S3": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}},
    }
    found = standing_costs(resources, {})
    assert [(item.count, dict(item.hourly)) for item in found.items] == [(1, {"vpc.endpoint_hours": 2})]


def test_tasks_cost_by_their_size_and_number() -> None:
    resources = {
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Cpu": {"Ref": "Cpu"}, "Memory": "2048"},
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {"TaskDefinition": {"Ref": "Task"}, "DesiredCount": {"Ref": "Count"}},
        },
    }
    found = hourly(resources, {"Cpu": "512", "Count": "3"})
    assert found == {"fargate.vcpu_hours": 1.5, "fargate.gb_hours": 6}


@pytest.mark.parametrize(
    "service",
    [
        {"TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/w:1"},
        {"TaskDefinition": {"Ref": "DefinitionArn"}},
        {"TaskDefinition": {"Ref": "Task"}},
        {"TaskDefinition": {"Ref": "Task"}, "DesiredCount": {"Fn::FindInMap": ["A", "B", "C"]}},
    ],
    ids=["arn", "parameter", "size in words", "count from a map"],
)
def test_tasks_of_a_size_that_the_template_does_not_tell_are_named(service: dict[str, Any]) -> None:
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "1 vCPU", "Memory": "2 GB"}}
    resources = {"Task": task, "Service": {"Type": "AWS::ECS::Service", "Properties": service}}
    found = standing_costs(resources, {"DefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/w:1"})
    assert found.items == ()
    assert [name.split()[0] for name in found.unpriced] == ["AWS::ECS::Service"]


def test_a_list_that_a_parameter_gives_is_counted_by_its_parts() -> None:
    server = {"Type": "AWS::Transfer::Server", "Properties": {"Protocols": {"Ref": "Protocols"}}}
    assert hourly({"It": server}, {"Protocols": "SFTP,FTPS"}) == {"transfer.protocol_hours": 2}


def test_an_alarm_is_billed_by_its_metrics_and_by_the_month() -> None:
    several = {"Metrics": [{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Id": "sum"}]}
    resources = {
        "One": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "x"}},
        "Two": {"Type": "AWS::CloudWatch::Alarm", "Properties": several},
    }
    found = hourly(resources)
    assert found["cloudwatch.alarm_metric_months"] * HOURS_PER_MONTH == pytest.approx(3)


def test_what_is_not_known_is_named() -> None:
    found = estimate({"Db": {"Type": "AWS::RDS::DBInstance"}}, Variant("queued", {}))
    assert found.unpriced == ("AWS::RDS::DBInstance",)
    assert any("NOT in it" in line and "AWS::RDS::DBInstance" in line for line in lines(found, "us-east-1"))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"Type": "AWS::EC2::RouteServer"}, ("AWS::EC2::RouteServer",)),
        ({"Type": "AWS::EC2::RouteTable"}, ()),
        ({"Type": "AWS::DynamoDB::Table"}, ("AWS::DynamoDB::Table with provisioned capacity",)),
        ({"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}}, ()),
    ],
)
def test_what_costs_by_the_hour_is_not_taken_for_its_like(
    body: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert standing_costs({"It": body}, {}).unpriced == named


@pytest.mark.parametrize("endpoint", ["none", "public", "vpc"])
@pytest.mark.parametrize("route", ROUTES)
def test_nothing_of_the_pipelines_own_template_is_unpriced(route: str, endpoint: str) -> None:
    found = prepared(route, endpoint)
    standing = standing_costs(found.resources, found.parameters())
    assert standing.unpriced == ()
    has_server = any("Transfer" in item.what for item in standing.items)
    assert has_server == (endpoint != "none")


def test_the_server_is_most_of_what_a_stack_costs_and_comes_first() -> None:
    found = prepared(endpoint="public")
    told = estimate(found.resources, Variant("queued", found.parameters(), transfer=True))
    assert "Transfer" in told.hourly[0].what
    assert told.hourly[0].usd_per_hour / told.usd_per_hour > 0.9


@pytest.mark.parametrize(
    ("route", "parameters", "functions", "transitions", "requests"),
    [
        ("queued", {}, 2, 0, 6),
        ("queued", {"Recording": "lean"}, 1, 0, 3),
        ("queued", {"Pipe": "true"}, 3, 0, 9),
        ("ecs", {}, 1, 0, 6),
        ("direct", {}, 2, 3, 3),
        ("nested", {}, 4, 10, 3),
        ("nested", {"Transform": "gzip"}, 5, 11, 3),
        ("nested", {"ChildType": "express"}, 4, 6, 3),
        ("nested", {"WorkflowStyle": "mixed"}, 4, 10, 3),
        ("nested", {"WorkflowStyle": "mixed", "ChildType": "express"}, 4, 7, 3),
        ("nested", {"WorkflowStyle": "flat"}, 5, 7, 3),
        ("nested", {"WorkflowStyle": "flat", "Transform": "gzip"}, 6, 8, 3),
        ("queued-nested", {}, 5, 10, 6),
        ("queued-nested", {"Pipe": "true"}, 5, 10, 6),
    ],
)
def test_calls_of_a_file_by_route(
    route: str, parameters: dict[str, str], functions: int, transitions: int, requests: int
) -> None:
    found = per_file(Variant(route, parameters), 1024)
    assert found["lambda.requests"] == functions
    assert found.get("states.transitions", 0) == transitions
    assert found["sqs.requests"] == requests
    assert found["s3.writes"] == 2
    assert set(found) <= set(price_list().by_id)


def test_a_fifo_queue_has_its_own_price() -> None:
    found = per_file(Variant("queued", {"Fifo": "true", "Pipe": "true", "Recording": "lean"}), 1024)
    assert found["sqs.fifo_requests"] == 6
    assert "sqs.requests" not in found


def test_bytes_are_paid_on_the_way_in_only_with_transfer_family() -> None:
    without, with_transfer = (per_file(Variant("queued", {}, transfer=on), GB) for on in (False, True))
    assert "transfer.upload_gb" not in without
    assert with_transfer["transfer.upload_gb"] == 1
    assert without["egress.gb"] == 1


def test_a_run_pays_for_its_files_and_for_full_hours() -> None:
    load = Load(files=2000, mean_bytes=1024, duration_s=45 * 60)
    found = estimate({"Server": SERVER}, Variant("queued", {}, transfer=True), load)
    assert found.hours == 2
    assert found.usd_of_run == pytest.approx(2 * 0.60 + 2 * found.usd_per_1000_files)
    assert any("THIS RUN: 2,000 files" in line for line in lines(found, "us-east-1"))


def test_other_regions_are_told_to_be_unknown() -> None:
    found = estimate({}, Variant("queued", {}))
    assert any("eu-west-1" in line for line in lines(found, "eu-west-1"))
    assert not any("may be dearer" in line for line in lines(found, "us-east-1"))


def test_the_sums_of_a_queued_and_of_a_nested_file_are_those_of_a_calculation_by_hand() -> None:
    """In millionths of a USD for each file of 15 KiB, with the memory sizes of the profile for accounts."""
    kib = 1024 / GB
    recorded = {"writes": 2 * 5.0, "event": 1.0, "settling": 1.5 * 0.125 + 0.4 + 15 * kib * 0.09e6}
    queued = {
        **recorded,
        "head": 0.4,
        "SQS: work and recorder queue, 3 requests each": 6 * 0.4,
        "Lambda: worker and recorder": 2 * 0.2 + 0.3 * (0.5 + 0.25) * 16.6667,
        "logs": 2 * 2 * kib * 0.5e6,
        "DynamoDB: row with index entry, then both entries changed": 5 * 0.625,
    }
    nested = {
        **recorded,
        "two looks": 2 * 0.4,
        "SQS: recorder queue": 3 * 0.4,
        "Lambda: validate, copy, notify, recorder": 4 * 0.2 + 0.3 * (0.25 + 0.5 + 0.5 + 0.25) * 16.6667,
        "logs": 4 * 2 * kib * 0.5e6,
        "DynamoDB: the same, and a claim": 8 * 0.625,
        "Step Functions: two executions of five transitions": 10 * 25.0,
        "SNS": 0.5,
    }
    for route, by_hand in (("queued", queued), ("nested", nested)):
        found = prepared(route)
        load = Load(30_000_000, 15 * 1024, 30 * 86_400)
        told = estimate(found.resources, Variant(route, found.parameters()), load)
        assert told.usd_per_1000_files == pytest.approx(sum(by_hand.values()) / 1000, rel=1e-4), route
        assert told.hours == 721
        assert told.usd_of_run == pytest.approx(30 * sum(by_hand.values()) + 721 * told.usd_per_hour)


@pytest.mark.parametrize(
    ("duration_s", "told"), [(20, "in 20 s"), (3600, "in 60 min"), (30 * 86_400, "in 30.0 days")]
)
def test_the_length_of_a_run_is_told_in_a_unit_that_can_be_read(duration_s: float, told: str) -> None:
    found = estimate({}, Variant("queued", {}), Load(20, 1024, duration_s))
    assert any(told in line for line in lines(found, "us-east-1"))
