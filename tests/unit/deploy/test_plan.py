"""The plan lists what a route has, and what becomes of it; the exported folder is complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.app import invoke
from harness.deploy.options import ROUTES
from harness.exit_codes import ExitCode
from tests.unit.deploy.builders import write

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FLOODGATE_STACK", raising=False)


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert invoke(["deploy", "--plan", "--json", *arguments]) == ExitCode.PASSED
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def types(resources: list[dict[str, str]]) -> set[str]:
    return {each["type"] for each in resources}


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_has_a_plan(route: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, "--route", route)
    assert found["options"]["route"] == route
    assert "AWS::S3::Bucket" in types(found["deployed"])
    assert types(found["created_through_api"]) == {"AWS::CloudWatch::Dashboard", "AWS::Logs::MetricFilter"}
    assert ("AWS::ECS::Service" in types(found["stood_in_for"])) == (route == "ecs")
    assert ("AWS::StepFunctions::StateMachine" in types(found["deployed"])) == (
        route in ("direct", "nested", "queued-nested")
    )
    assert found["differs_from_aws"]


def test_a_pipe_is_there_when_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "AWS::Pipes::Pipe" not in types(plan(capsys)["stood_in_for"])
    found = plan(capsys, "--fifo")
    assert "AWS::Pipes::Pipe" in types(found["stood_in_for"])
    assert any("Pipes" in sentence for sentence in found["differs_from_aws"])


def test_aws_gets_everything(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, "--engine", "aws", "--fifo")
    assert {"AWS::Pipes::Pipe", "AWS::Transfer::Server"} <= types(found["deployed"])
    assert [found["stood_in_for"], found["left_out"], found["differs_from_aws"]] == [[], [], []]


def test_for_people_each_part_has_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["deploy", "--plan"]) == ExitCode.PASSED
    shown = capsys.readouterr().out
    for heading in (
        "Nothing was started",
        "Deployed",
        "Created through",
        "Stood in for",
        "Left out",
        "differently",
    ):
        assert heading in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "either --plan or --package"),
        (["--plan", "--package", "x"], "either --plan or --package"),
        (["--package", "x"], "--bucket"),
        (["--plan", "--route", "nested", "--pipe"], "needs a queue"),
        (["--plan", "--parameter", "Colour=blue"], "Colour"),
        (["--plan", "--engine", "moto"], "no engine"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["deploy", *arguments]) == ExitCode.USAGE
    assert told in " ".join(capsys.readouterr().err.split())


def test_an_exported_folder_holds_template_and_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = write(tmp_path, Parameters={"Size": {"Type": "Number", "Default": 3}})
    folder = tmp_path / "out"
    arguments = ["deploy", "--package", str(folder), "--bucket", "mine", "--template", str(template)]
    assert invoke(arguments) == ExitCode.PASSED
    assert (folder / "template.yaml").read_bytes() == template.read_bytes()
    assert json.loads((folder / "parameters.json").read_text()) == ["Size=3"]
    assert "--tags floodgate:stack=default" in capsys.readouterr().out
    assert invoke(arguments) == ExitCode.USAGE
