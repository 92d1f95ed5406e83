"""Servers and users of Transfer Family are known before they exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.deploy import transfer
from harness.deploy.deferred import resolve
from harness.deploy.handling import Handling
from harness.deploy.prepare import adapt
from tests.unit.deploy.builders import prepared

pytestmark = pytest.mark.unit

SECTIONS: dict[str, Any] = {
    "Parameters": {"Name": {"Type": "String", "Default": "alice"}},
    "Resources": {
        "Server": {"Type": "AWS::Transfer::Server", "Properties": {"Domain": "S3"}},
        "User": {
            "Type": "AWS::Transfer::User",
            "Properties": {"ServerId": {"Fn::GetAtt": ["Server", "ServerId"]}, "UserName": {"Ref": "Name"}},
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": {"Fn::Sub": "of-${Server.ServerId}-${User}"},
                "Tags": [{"Key": "user", "Value": {"Fn::GetAtt": ["User", "Arn"]}}],
            },
        },
    },
    "Outputs": {"ServerArn": {"Value": {"Ref": "Server"}}},
}
ID = transfer.server_id("s", "Server")


def test_an_id_is_as_aws_makes_them_and_depends_on_stack_and_resource() -> None:
    assert re.fullmatch("s-[0-9a-f]{17}", ID)
    assert transfer.server_id("s", "Server") == ID
    assert len({ID, transfer.server_id("t", "Server"), transfer.server_id("s", "Other")}) == 3


def test_what_refers_to_a_server_or_user_is_deployed(tmp_path: Path) -> None:
    found = prepared(tmp_path, **SECTIONS)
    assert found.of(Handling.LEFT_OUT) == []
    adapted = json.loads(adapt(found).body)
    name = adapted["Resources"]["Queue"]["Properties"]["QueueName"]
    text, values = name["Fn::Sub"]
    assert text == "of-${ServerServerIdReplaced}-${UserReplaced}"
    assert values == {"ServerServerIdReplaced": ID, "UserReplaced": {"Ref": "Name"}}
    arn = f"arn:${{AWS::Partition}}:transfer:${{AWS::Region}}:${{AWS::AccountId}}:server/{ID}"
    assert adapted["Outputs"]["ServerArn"] == {"Value": {"Fn::Sub": arn}}
    (tag,) = adapted["Resources"]["Queue"]["Properties"]["Tags"]
    text, values = tag["Value"]["Fn::Sub"]
    assert text.endswith(":user/${Server}/${Name}")
    assert values == {"Server": ID, "Name": {"Ref": "Name"}}


def test_a_user_is_handed_over_with_the_id_of_its_server(tmp_path: Path) -> None:
    adapted = adapt(prepared(tmp_path, **SECTIONS))
    asked = json.loads(adapted.body)["Outputs"]
    answers = {name: "alice" for name, output in asked.items() if output["Value"] == {"Ref": "Name"}}
    assert resolve(adapted.deferred["User"], answers) == {"ServerId": ID, "UserName": "alice"}


def test_a_workflow_is_known_by_its_id(tmp_path: Path) -> None:
    flow = {"Type": transfer.WORKFLOW, "Properties": {"Steps": []}}
    trigger = {"WorkflowId": {"Fn::GetAtt": ["Flow", "WorkflowId"]}, "ExecutionRole": {"Ref": "Flow"}}
    server = {"Type": transfer.SERVER, "Properties": {"WorkflowDetails": {"OnUpload": [trigger]}}}
    found = prepared(tmp_path, Resources={"Flow": flow, "Server": server})
    assert {fate.logical_id for fate in found.of(Handling.STAND_IN)} == {"Flow", "Server"}
    known = transfer.workflow_id("s", "Flow")
    assert re.fullmatch("w-[0-9a-f]{17}", known)
    resolved = resolve(adapt(found).deferred["Server"], {})
    assert resolved["WorkflowDetails"]["OnUpload"] == [{"WorkflowId": known, "ExecutionRole": known}]
