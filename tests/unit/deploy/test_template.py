"""The template as an engine gets it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.deploy import plan, template
from harness.engines.base import Capabilities

pytestmark = pytest.mark.unit


@pytest.fixture
def loaded() -> dict[str, Any]:
    return {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": ["Queue", "Server"]},
            "Server": {"Type": "AWS::Transfer::Server"},
            "User": {"Type": "AWS::Transfer::User", "Properties": {"ServerId": {"Ref": "Server"}}},
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {"Text": {"Fn::Sub": "of ${Server.Arn}"}},
            },
            "Other": {"Type": "AWS::SQS::Queue", "Properties": {"Name": {"Fn::GetAtt": ["Queue", "Arn"]}}},
        },
        "Outputs": {
            "QueueUrl": {"Value": {"Ref": "Queue"}},
            "ServerArn": {"Value": {"Fn::GetAtt": ["Server", "Arn"]}},
        },
    }


def test_short_forms_are_written_out() -> None:
    resources = template.load()["Resources"]
    worker = resources["WorkerFunction"]["Properties"]
    assert worker["Role"] == {"Fn::GetAtt": ["WorkerRole", "Arn"]}
    assert worker["Code"] == {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
    assert worker["FunctionName"] == {"Fn::Sub": "${AWS::StackName}-worker"}
    assert template.load()["Conditions"]["ReservesConcurrency"]["Fn::Not"]


def test_dates_stay_texts() -> None:
    assert template.load()["AWSTemplateFormatVersion"] == "2010-09-09"


def test_an_engine_that_has_everything_gets_everything() -> None:
    loaded = template.load()
    adapted = template.adapt(loaded, ())
    assert json.loads(adapted.body) == loaded
    assert (adapted.left_out, adapted.resource_count) == ((), len(loaded["Resources"]))


def test_what_refers_to_a_lacking_resource_goes_with_it(loaded: dict[str, Any]) -> None:
    adapted = template.adapt(loaded, {"AWS::Transfer::Server"})
    assert adapted.left_out == (
        "Server (AWS::Transfer::Server)",
        "User (AWS::Transfer::User)",
        "Alarm (AWS::CloudWatch::Alarm)",
    )
    body = json.loads(adapted.body)
    assert set(body["Resources"]) == {"Queue", "Topic", "Other"}
    assert set(body["Outputs"]) == {"QueueUrl"}


def test_an_order_that_names_a_lacking_resource_is_dropped(loaded: dict[str, Any]) -> None:
    adapted = json.loads(template.adapt(loaded, {"AWS::Transfer::Server"}).body)
    assert adapted["Resources"]["Topic"]["DependsOn"] == ["Queue"]


def test_the_hash_is_that_of_the_committed_template() -> None:
    loaded = template.load()
    whole, part = template.adapt(loaded, ()), template.adapt(loaded, {"AWS::SQS::Queue"})
    assert whole.sha256 == part.sha256
    assert whole.body != part.body


def test_plan_names_what_would_be_left_out() -> None:
    assert plan(Capabilities()) == []
    left_out = plan(Capabilities(ignored_resource_types=frozenset({"AWS::Logs::LogGroup"})))
    assert "SftpLogGroup (AWS::Logs::LogGroup)" in left_out


def test_the_template_fits_into_one_request() -> None:
    assert len(template.adapt(template.load(), ()).body) < 51_200
