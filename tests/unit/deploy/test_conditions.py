"""Conditions come to what CloudFormation makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.deploy import template
from harness.deploy.conditions import NO_VALUE, Conditions
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit

PARAMETERS: dict[str, Any] = {"Route": "queued", "Size": "10", "Names": ["a", "b"], "Flag": "true"}
PSEUDO = {"AWS::Region": "eu-west-1", "AWS::StackName": "s"}


def conditions(**named: Any) -> Conditions:
    mappings = {"Limits": {"queued": {"most": 5}}}
    return Conditions({"Conditions": named, "Mappings": mappings}, PARAMETERS, PSEUDO)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Fn::Equals": [{"Ref": "Route"}, "queued"]}, True),
        ({"Fn::Equals": [{"Ref": "Size"}, 10]}, True),
        ({"Fn::Equals": [{"Ref": "Flag"}, True]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Route"}, "queued"]}]}, False),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]}, True),
        ({"Fn::Contains": [["direct", "queued"], {"Ref": "Route"}]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Names"}, ["a", "c"]]}, False),
        ({"Fn::Equals": [{"Fn::FindInMap": ["Limits", {"Ref": "Route"}, "most"]}, "5"]}, True),
        ({"Fn::Equals": [{"Fn::Select": [1, {"Ref": "Names"}]}, "b"]}, True),
        ({"Fn::Equals": [{"Fn::Join": ["-", {"Ref": "Names"}]}, "a-b"]}, True),
        ({"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": ["e", {"Ref": "Route"}]}]}, "qu"]}, True),
        ({"Fn::Equals": [{"Fn::Sub": "${AWS::Region}/${Route}"}, "eu-west-1/queued"]}, True),
        ({"Fn::Equals": [{"Fn::Sub": ["${X}", {"X": {"Ref": "Size"}}]}, "10"]}, True),
        ({"Fn::Equals": [{"Fn::If": ["No", "x", "y"]}, "y"]}, True),
    ],
)
def test_functions(expression: Any, expected: bool) -> None:
    yes, no = {"Fn::Equals": ["1", "1"]}, {"Fn::Equals": ["1", "2"]}
    assert conditions(Yes=yes, No=no, Asked=expression).holds("Asked") is expected


def test_no_condition_holds() -> None:
    assert conditions().holds(None)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ({"Fn::Equals": [{"Ref": "Queue"}, "x"]}, "Queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Fn::GetAtt"),
        ({"a": 1, "b": 2}, "not understood"),
        ({"Condition": "Missing"}, "Missing"),
    ],
)
def test_what_cannot_be_evaluated_is_named(expression: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        conditions(Asked=expression).holds("Asked")


def test_branches_are_chosen_at_every_depth() -> None:
    found = conditions(No={"Fn::Equals": ["1", "2"]}).choose(
        {
            "Kept": [{"Fn::If": ["No", {"Ref": "A"}, {"Fn::If": ["No", 1, {"Ref": "B"}]}]}, 2],
            "Gone": {"Fn::If": ["No", "x", NO_VALUE]},
            "List": ["x", {"Fn::If": ["No", "y", NO_VALUE]}],
        }
    )
    assert found == {"Kept": [{"Ref": "B"}, 2], "List": ["x"]}


def test_every_condition_of_the_pipeline_can_be_evaluated() -> None:
    loaded = template.load()
    defaults = {name: body.get("Default", "") for name, body in loaded["Parameters"].items()}
    pseudo = {**PSEUDO, "AWS::AccountId": "000000000000", "AWS::Partition": "aws"}
    found = Conditions(loaded, defaults, pseudo)
    assert {found.holds(name) for name in loaded["Conditions"]} == {True, False}
