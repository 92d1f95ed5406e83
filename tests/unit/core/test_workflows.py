"""Workflows for GitHub, this repository's and those of the examples: valid, and nothing in them has gone."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema  # type: ignore[import-untyped]
from click.testing import CliRunner
from typer.main import get_command

from harness.cli.app import app

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
OWN = ROOT / ".github" / "workflows" / "ci.yml"
WORKFLOWS = [OWN, *sorted((ROOT / "examples").glob("*/.github/workflows/*.yml"))]
names = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def commands(path: Path) -> list[list[str]]:
    """Return the words of each command that a workflow runs."""
    text = "\n".join(step.get("run", "") for step in steps(path)).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        *(("vendor.github-workflows", path) for path in WORKFLOWS),
        ("vendor.compose-spec", ROOT / "docker-compose.yml"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_it_is_as_its_schema_says(schema: str, path: Path) -> None:
    checked = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(path)])
    assert checked.exit_code == 0, checked.output


@names
def test_nobody_may_write_and_nothing_runs_for_ever(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())


@names
def test_actions_are_of_a_release(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in used)


@names
def test_what_is_called_is_there(path: Path, pytestconfig: pytest.Config) -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    for words in commands(path):
        for word, following in pairwise(words):
            assert not word.endswith("floodgate") or following in known
        for word in (word for word in words if word.startswith("--floodgate-")):
            pytestconfig.getoption(word)  # an unknown one raises ValueError
        if path == OWN:
            assert all((ROOT / word).exists() for word in words if word.startswith(".ci/"))


def test_ours_runs_on_every_python_that_is_supported() -> None:
    (job,) = yaml.safe_load(OWN.read_text())["jobs"].values()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    told = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert job["strategy"]["matrix"]["python"] == told
