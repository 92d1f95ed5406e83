"""What must hold between the numbers of the template and its profiles, and around the folder.

cfn-lint takes longer than a unit test may: it has a target of its own, `make template-lint`, in `make check`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from harness.deploy import exports, parameters, pipeline_files, template
from harness.deploy.conditions import Conditions
from harness.exceptions import UsageError
from tests.unit.pipeline.template_variants import PSEUDO

pytestmark = pytest.mark.unit

PROFILES = ("local", "aws")
TEMPLATES = sorted(pipeline_files.folder().glob("*.yaml"))


def numbers(profile: str) -> dict[str, Any]:
    """Return what every parameter is under a profile, numbers as numbers."""
    defaults = {name: body.get("Default") for name, body in template.load()["Parameters"].items()}
    chosen = {**defaults, **pipeline_files.profile(profile)}
    return {name: int(value) if str(value).lstrip("-").isdigit() else value for name, value in chosen.items()}


@pytest.mark.parametrize("profile", PROFILES)
def test_messages_stay_hidden_six_times_as_long_as_the_function_may_run(profile: str) -> None:
    values = numbers(profile)
    assert values["VisibilityTimeoutSeconds"] >= 6 * values["WorkerTimeoutSeconds"]


@pytest.mark.parametrize("profile", PROFILES)
def test_three_receives_then_the_dead_letter_queue_at_once(profile: str) -> None:
    values = numbers(profile)
    delays = values["RetryDelaysSeconds"].split(",")
    assert (values["MaxReceiveCount"], len(delays), delays[-1]) == (3, 3, "0")


@pytest.mark.parametrize("profile", PROFILES)
def test_one_slow_answer_and_the_reserve_fit_into_the_timeout(profile: str) -> None:
    values = numbers(profile)
    assert values["ReadTimeoutSeconds"] + values["DeadlineReserveSeconds"] < values["WorkerTimeoutSeconds"]


def test_locally_a_poison_file_is_in_the_dead_letter_queue_within_ten_seconds() -> None:
    delays = numbers("local")["RetryDelaysSeconds"].split(",")
    assert sum(int(delay) for delay in delays) <= 10


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_rule_of_cfn_lint_is_switched_off(path: Path) -> None:
    loaded = template.load(path)
    assert set(loaded["Metadata"]) == {"AWS::CloudFormation::Interface"}
    assert all("Metadata" not in body for body in loaded["Resources"].values())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_parameter_is_in_the_console_groups(path: Path) -> None:
    loaded = template.load(path)
    groups = loaded["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert {name for group in groups for name in group["Parameters"]} == set(loaded["Parameters"])


def test_the_template_fits_into_cloudformations_limits() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    loaded = template.load()
    assert pipeline_files.template_file().stat().st_size <= 1_000_000
    assert len(loaded["Parameters"]) <= 200
    assert len(loaded["Outputs"]) <= 200
    assert len(loaded["Resources"]) <= 500


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_names_parameters_of_the_template_alone(profile: str) -> None:
    assert set(pipeline_files.profile(profile)) <= set(template.load()["Parameters"])


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"Fifo": "true"}, "Fifo needs Pipe"),
        ({"Route": "direct", "Pipe": "true"}, "need a Route with a queue"),
        ({"Route": "nested", "Pipe": "true", "Fifo": "true"}, "need a Route with a queue"),
        ({"DestinationAccountId": "1" * 12}, "needs ExistingDestinationBucket"),
        ({"IncludePrefixes": "a/", "IncludeSuffixes": ".csv"}, "IncludePrefixes or IncludeSuffixes"),
        ({"Route": "ecs", "WorkerImage": ""}, "needs WorkerImage"),
        ({"SftpUserName": "customer"}, "needs SftpUserPublicKey"),
    ],
    ids=str,
)
def test_choices_that_cannot_be_are_refused(chosen: dict[str, str], problem: str) -> None:
    loaded = template.load()
    values = parameters.as_values(
        loaded, parameters.in_effect(loaded, {"CodeBucket": "b", "CodeKey": "k", **chosen})
    )
    with pytest.raises(UsageError, match=problem):
        exports.require_rules(loaded, Conditions(loaded, values, PSEUDO))


@pytest.mark.parametrize("path", sorted(pipeline_files.folder().rglob("*.py")), ids=lambda path: path.name)
def test_the_pipeline_imports_nothing_of_the_harness(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.split(".")[0] in ("harness", "scenarios", "tests")]
