"""`floodgate scenarios`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.app import invoke
from harness.exit_codes import ExitCode
from harness.load import catalogue
from harness.load.reading.schema import schema

pytestmark = pytest.mark.unit


def test_every_scenario_has_one_line(capsys):
    assert invoke(["scenarios"]) == ExitCode.PASSED
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == catalogue.names()


def test_the_schema_can_be_printed(capsys):
    assert invoke(["scenarios", "--schema"]) == ExitCode.PASSED
    assert json.loads(capsys.readouterr().out) == schema()


@pytest.mark.parametrize("name", catalogue.names())
def test_every_scenario_can_be_printed_as_a_workload_file_that_means_the_same(name, capsys, tmp_path: Path):
    assert invoke(["scenarios", name]) == ExitCode.PASSED
    copy = tmp_path / "copy.yaml"
    copy.write_text(capsys.readouterr().out)
    assert catalogue.scenario(str(copy)).workload == catalogue.scenario(name).workload


def test_a_scenario_that_is_not_there(capsys):
    assert invoke(["scenarios", "nope"]) == ExitCode.USAGE
    assert "known: burst, " in " ".join(capsys.readouterr().err.split())
