"""The template as an engine gets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.deploy import template
from harness.deploy.deferred import of_the_template, resolve
from harness.deploy.handling import Handling
from harness.deploy.options import PipelineOptions
from harness.deploy.prepare import adapt, prepare
from harness.engines.base import Capabilities
from harness.exceptions import DeployError
from tests.unit.deploy.builders import LACKING, prepared

pytestmark = pytest.mark.unit

RESOURCES: dict[str, Any] = {
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": ["Queue", "Tasks"]},
    "Tasks": {"Type": "AWS::ECS::Service"},
    "Scaling": {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {"ResourceId": {"Ref": "Tasks"}},
    },
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Text": {"Fn::Sub": "of ${Tasks.Arn}"}}},
    "Other": {"Type": "AWS::SQS::Queue", "Properties": {"Name": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    "Address": {"Type": "AWS::EC2::EIP"},
}
OUTPUTS = {"QueueUrl": {"Value": {"Ref": "Queue"}}, "TasksArn": {"Value": {"Fn::GetAtt": ["Tasks", "Arn"]}}}


def body(found: Any) -> Any:
    return json.loads(adapt(found).body)


def test_short_forms_are_written_out() -> None:
    worker = template.load()["Resources"]["WorkerFunction"]["Properties"]
    assert worker["Role"] == {"Fn::GetAtt": ["WorkerRole", "Arn"]}
    assert worker["Code"] == {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}


def test_dates_stay_texts() -> None:
    assert template.load()["AWSTemplateFormatVersion"] == "2010-09-09"


@pytest.mark.parametrize(
    ("text", "told"), [("a: [", "no YAML"), ("- a list", "no CloudFormation template"), ("a: 1", "Resources")]
)
def test_what_is_no_template_is_told_as_such(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(DeployError) as caught:
        template.load(path)
    assert told in f"{caught.value.message} {caught.value.hint}"


def test_an_engine_that_has_everything_gets_everything() -> None:
    found = prepare(PipelineOptions(), Capabilities())
    assert body(found) == {name: part for name, part in template.load().items() if part}
    assert {fate.handling for fate in found.fates.values()} == {Handling.DEPLOYED}


def test_what_refers_to_a_lacking_resource_goes_with_it(tmp_path: Path) -> None:
    found = prepared(tmp_path, Resources=RESOURCES, Outputs=OUTPUTS)
    assert [fate.logical_id for fate in found.of(Handling.STAND_IN)] == ["Tasks", "Scaling"]
    assert [str(fate) for fate in found.of(Handling.LEFT_OUT)] == [
        "Alarm (AWS::CloudWatch::Alarm): it refers to Tasks, which is not deployed",
        "Address (AWS::EC2::EIP): the engine's CloudFormation has no such type",
    ]
    adapted = body(found)
    assert set(adapted["Resources"]) == {"Source", "Destination", "Queue", "Topic", "Other"}
    assert "QueueUrl" in adapted["Outputs"]
    assert "TasksArn" not in adapted["Outputs"]
    assert adapted["Resources"]["Topic"]["DependsOn"] == ["Queue"]


PIPE: dict[str, Any] = {
    "Type": "AWS::Pipes::Pipe",
    "Properties": {
        "Source": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Suffixes": {"Ref": "Suffixes"},
        "Target": {"Fn::If": ["IsFast", {"Fn::GetAtt": ["FastQueue", "Arn"]}, {"Ref": "AWS::NoValue"}]},
        "Batch": {"Fn::If": ["IsFast", "1", {"Ref": "BatchSize"}]},
        "Tasks": {"Fn::Sub": "arn:${AWS::Region}:${Tasks}"},
        "Parts": {"Fn::Split": ["/", {"Ref": "Queue"}]},
        "Plain": [1, {"Deep": "text"}],
    },
}
SECTIONS: dict[str, Any] = {
    "Parameters": {
        "Fast": {"Type": "String", "Default": "true"},
        "BatchSize": {"Type": "Number", "Default": 5},
        "Suffixes": {"Type": "CommaDelimitedList", "Default": ".a,.b"},
    },
    "Conditions": {"IsFast": {"Fn::Equals": [{"Ref": "Fast"}, "true"]}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "FastQueue": {"Type": "AWS::SQS::Queue", "Condition": "IsFast"},
        "Tasks": {"Type": "AWS::ECS::Service"},
        "Pipe": PIPE,
    },
}


def answers(adapted: Any) -> dict[str, str]:
    """Answer each asked value with what was asked, and lists with two items."""
    asked = json.loads(adapted.body)["Outputs"]
    return {
        name: "x,y" if "Fn::Join" in output["Value"] else json.dumps(output["Value"])
        for name, output in asked.items()
    }


def resolved(found: Any) -> Any:
    adapted = adapt(found)
    return resolve(adapted.deferred["Pipe"], answers(adapted))


def test_values_of_what_is_stood_in_for_are_asked_of_the_engine(tmp_path: Path) -> None:
    properties = resolved(prepared(tmp_path, **SECTIONS))
    assert properties["Source"] == '{"Fn::GetAtt": ["Queue", "Arn"]}'
    assert properties["Target"] == '{"Fn::GetAtt": ["FastQueue", "Arn"]}'
    assert properties["Suffixes"] == ["x", "y"]
    assert properties["Batch"] == "1"
    assert properties["Plain"] == [1, {"Deep": "text"}]
    assert properties["Parts"] == ['{"Ref": "Queue"}']


def test_of_a_branch_that_is_not_taken_nothing_is_asked(tmp_path: Path) -> None:
    """The queue in it does not exist, so an output that names it would make the whole stack fail."""
    found = prepared(tmp_path, parameters={"Fast": "false"}, **SECTIONS)
    properties = resolved(found)
    assert "Target" not in properties
    assert properties["Batch"] == '{"Ref": "BatchSize"}'
    assert "FastQueue" not in json.dumps(body(found)["Outputs"])


def test_references_among_lacking_resources_stay_symbols(tmp_path: Path) -> None:
    asked = json.dumps(body(prepared(tmp_path, **SECTIONS))["Outputs"])
    assert '{"Fn::Sub": ["arn:${AWS::Region}:${TasksReplaced}", {"TasksReplaced": "Tasks"}]}' in asked


def test_outputs_that_were_asked_for_are_not_shown(tmp_path: Path) -> None:
    adapted = adapt(prepared(tmp_path, **SECTIONS))
    assert set(of_the_template(answers(adapted))) == {"SourceBucket", "DestinationBucket"}


def test_resources_whose_condition_is_false_have_no_fate(tmp_path: Path) -> None:
    sections = {**SECTIONS, "Resources": {**SECTIONS["Resources"], "Pipe": {**PIPE, "Condition": "IsFast"}}}
    assert "Pipe" in prepared(tmp_path, **sections).fates
    slow = prepared(tmp_path, parameters={"Fast": "false"}, **sections)
    assert {"Pipe", "FastQueue"}.isdisjoint(slow.fates)
    assert "Pipe" not in body(slow)["Resources"]


def test_the_name_of_a_dashboard_is_known_before_it_is_there(tmp_path: Path) -> None:
    found = prepared(
        tmp_path,
        Resources={"Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": "{}"}}},
        Outputs={"Dashboard": {"Value": {"Ref": "Board"}}},
    )
    assert body(found)["Outputs"]["Dashboard"] == {"Value": {"Fn::Sub": "${AWS::StackName}-Board"}}


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("{}")
    assert template.sha256(path) != template.sha256()


def test_capabilities_without_a_list_have_all_types() -> None:
    assert Capabilities().creates("AWS::Pipes::Pipe")
    assert not LACKING.creates("AWS::Pipes::Pipe")


def test_literals_of_sub_reach_the_engine_as_values() -> None:
    """LocalStack drops outputs with `${!Literal}` without a word."""
    folder = {"Fn::Sub": "/${Bucket}/${!transfer:UserName}/${!a}"}
    written = {
        "Fn::Sub": [
            "/${Bucket}/${transferUserNameLiteral}/${aLiteral}",
            {"transferUserNameLiteral": "${transfer:UserName}", "aLiteral": "${a}"},
        ]
    }
    plain = {"Fn::Sub": ["${x}", {"x": {"Ref": "Bucket"}}]}
    assert template.literals_as_values([{"Target": folder}, plain]) == [{"Target": written}, plain]


def test_no_literal_of_the_pipelines_user_reaches_the_engine() -> None:
    user = {"SftpUserName": "maria", "SftpUserPublicKey": "ssh-ed25519 AAAA"}
    adapted = adapt(prepare(PipelineOptions(parameters=user), LACKING))
    assert "FloodgateValue" in adapted.body
    assert "${!" not in adapted.body


def test_a_value_that_the_engine_does_not_tell_is_named(tmp_path: Path) -> None:
    adapted = adapt(prepared(tmp_path, **SECTIONS))
    with pytest.raises(DeployError, match="did not resolve"):
        resolve(adapted.deferred["Pipe"], {})
