"""What MiniStack gets of the pipeline's template, and what it does not."""

from __future__ import annotations

import json

import pytest

from harness.deploy import PipelineOptions
from harness.deploy.handling import Handling
from harness.deploy.prepare import adapt, prepare
from harness.deploy.template import with_numbers
from harness.engines import registry

pytestmark = pytest.mark.unit


def test_alarms_with_metric_math_are_left_out_with_the_reason() -> None:
    prepared = prepare(PipelineOptions(), registry.capabilities("ministack"))
    assert {fate.type: fate.note for fate in prepared.of(Handling.LEFT_OUT)} == {
        "AWS::CloudWatch::Alarm": "the engine has no metric math in alarms"
    }


def test_pipes_and_tasks_are_stood_in_for_although_it_has_the_types() -> None:
    prepared = prepare(PipelineOptions(route="ecs", pipe=True), registry.capabilities("ministack"))
    stood_in = {fate.type for fate in prepared.of(Handling.STAND_IN)}
    assert {"AWS::Pipes::Pipe", "AWS::ECS::Service", "AWS::Transfer::Server"} <= stood_in


def test_no_resource_of_transfer_family_is_sent() -> None:
    """MiniStack refuses the whole template then."""
    adapted = adapt(prepare(PipelineOptions(), registry.capabilities("ministack")))
    types = {body["Type"] for body in json.loads(adapted.body)["Resources"].values()}
    assert not {each for each in types if each.startswith("AWS::Transfer::")}


def test_numbers_are_numbers_and_environment_variables_are_left() -> None:
    numbers = {"Many": 4, "Share": 0.5}
    given = {
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "Many"}},
        "List": [{"Ref": "Share"}, {"Ref": "Text"}],
        "Environment": {"Variables": {"MANY": {"Ref": "Many"}}},
    }
    assert with_numbers(given, numbers) == {
        "ScalingConfig": {"MaximumConcurrency": 4},
        "List": [0.5, {"Ref": "Text"}],
        "Environment": {"Variables": {"MANY": {"Ref": "Many"}}},
    }


def test_a_mapping_of_the_pipeline_gets_its_concurrency_as_a_number() -> None:
    adapted = adapt(prepare(PipelineOptions(), registry.capabilities("ministack")))
    resources = json.loads(adapted.body)["Resources"].values()
    mappings = [each for each in resources if each["Type"] == "AWS::Lambda::EventSourceMapping"]
    found = [each["Properties"]["ScalingConfig"]["MaximumConcurrency"] for each in mappings]
    assert found
    assert {type(each) for each in found} == {int}
