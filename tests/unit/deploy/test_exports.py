"""A template of the user's is checked before anything starts: outputs, code, parameters, rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.deploy import exports
from harness.deploy.options import PipelineOptions
from harness.deploy.prepare import prepare
from harness.engines.base import Capabilities
from harness.exceptions import UsageError
from tests.unit.deploy.builders import prepared, write

pytestmark = pytest.mark.unit

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {"Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}},
}
CODE = {"CodeBucket": {"Type": "String"}, "CodeKey": {"Type": "String"}}


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(UsageError) as caught:
        prepare(PipelineOptions(template=path, **options), Capabilities())
    return caught.value.message


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(
        '{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"X": {"Ref": "CodeKey"}}}}}'
    )
    handlers = tmp_path / "handlers"
    handlers.mkdir()
    told = refusal(path, handlers=handlers)
    for part in ("no output SourceBucket, DestinationBucket", "no Python file", "no parameter CodeBucket"):
        assert part in told
    assert "which it does not declare" in told


def test_code_that_the_template_takes_must_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, Resources={"Worker": FUNCTION}, Parameters=CODE)
    assert "--handlers" in refusal(path)
    (tmp_path / "own.py").touch()
    prepare(PipelineOptions(template=path, handlers=tmp_path), Capabilities())


def test_outputs_that_do_not_exist_under_the_parameters_are_missing(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        Conditions={"Never": {"Fn::Equals": ["1", "2"]}},
        Outputs={"SourceBucket": {"Condition": "Never", "Value": "x"}},
    )
    assert "under these parameters" in refusal(path)


def test_rules_of_the_template_are_kept(tmp_path: Path) -> None:
    rule = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "Kind"}, "big"]},
        "Assertions": [
            {"Assert": {"Fn::Equals": [{"Ref": "Size"}, "9"]}, "AssertDescription": "big means nine"}
        ],
    }
    sections: dict[str, Any] = {
        "Parameters": {name: {"Type": "String", "Default": "small"} for name in ("Kind", "Size")},
        "Rules": {"Nine": rule},
    }
    prepared(tmp_path, **sections)
    with pytest.raises(UsageError, match="big means nine"):
        prepared(tmp_path, parameters={"Kind": "big"}, **sections)
    prepared(tmp_path, parameters={"Kind": "big", "Size": "9"}, **sections)


DECLARED: dict[str, Any] = {
    "Route": {"Type": "String", "Default": "mine"},
    "Mode": {"Type": "String", "AllowedValues": ["a", "b"], "Default": "a"},
    "Size": {"Type": "Number", "MinValue": 2, "MaxValue": 9, "Default": 5},
    "Name": {"Type": "String", "AllowedPattern": "[a-z]+", "MinLength": 2, "Default": "ok"},
    "Needed": {"Type": "String"},
}


def test_parameters_are_checked_as_the_template_says(tmp_path: Path) -> None:
    path = write(tmp_path, Parameters=DECLARED)
    told = refusal(path, parameters={"Mode": "c", "Size": "10", "Name": "A", "Colour": "x"})
    for part in (
        "Mode is one of a, b",
        "at most 9",
        "does not match",
        "too few",
        "Colour",
        "Needed has no default",
    ):
        assert part in told
    assert "is a number" in refusal(path, parameters={"Size": "many", "Needed": "x"})


def test_an_own_template_keeps_its_own_route(tmp_path: Path) -> None:
    path = write(tmp_path, Parameters=DECLARED)
    found = prepare(PipelineOptions(template=path, parameters={"Needed": "x"}), Capabilities())
    assert found.chosen == {"Needed": "x"}
    assert found.parameters()["Route"] == "mine"
    assert "no parameter Fifo" in refusal(path, fifo=True, parameters={"Needed": "x"})


def test_outputs_are_known_by_role() -> None:
    outputs = {"WorkerFunction": "w", "TransferFileStateMachine": "t", "WorkQueueUrl": "q", "Function": "f"}
    assert exports.by_role(outputs, "Function") == {"worker": "w"}
    assert exports.by_role(outputs, "StateMachine") == {"transfer_file": "t"}
    assert exports.queues(outputs) == {"work": "q"}


def test_what_the_harness_cannot_know_is_told() -> None:
    told = exports.unknown_to_harness({"WorkQueueUrl": "q"})
    assert [sentence.split(":")[0] for sentence in told] == [
        "no output MetadataTable",
        "no output DeadLetterQueueUrl",
    ]
