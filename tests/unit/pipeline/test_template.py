"""What must hold between the numbers of the template and its profiles, and around the folder."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import cfnlint.api  # type: ignore[import-untyped]
import pytest
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from harness.deploy import pipeline_files, template

pytestmark = pytest.mark.unit

PROFILES = ("local", "aws")


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
def test_polling_never_exceeds_the_reserved_concurrency(profile: str) -> None:
    values = numbers(profile)
    assert values["WorkerMaximumConcurrency"] <= values["WorkerReservedConcurrency"]


@pytest.mark.parametrize("profile", PROFILES)
def test_one_slow_answer_and_the_reserve_fit_into_the_timeout(profile: str) -> None:
    values = numbers(profile)
    assert values["ReadTimeoutSeconds"] + values["DeadlineReserveSeconds"] < values["WorkerTimeoutSeconds"]


def test_locally_a_poison_file_is_in_the_dead_letter_queue_within_ten_seconds() -> None:
    delays = numbers("local")["RetryDelaysSeconds"].split(",")
    assert sum(int(delay) for delay in delays) <= 10


def test_the_template_passes_cfn_lint_with_every_rule() -> None:
    text = pipeline_files.template_file().read_text()
    found = cfnlint.api.lint(text, config=ManualArgs(regions=["us-east-1"], include_checks=["I"]))
    assert [str(match) for match in found] == []


def test_no_rule_is_switched_off_in_the_template() -> None:
    metadata = template.load()["Metadata"]
    assert set(metadata) == {"AWS::CloudFormation::Interface"}
    assert all("Metadata" not in body for body in template.load()["Resources"].values())


def test_every_parameter_is_in_the_console_groups() -> None:
    loaded = template.load()
    groups = loaded["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert {name for group in groups for name in group["Parameters"]} == set(loaded["Parameters"])


def test_every_bucket_is_private_versioned_encrypted_and_tidied() -> None:
    buckets = [body for body in template.load()["Resources"].values() if body["Type"] == "AWS::S3::Bucket"]
    assert len(buckets) == 2
    for bucket in buckets:
        assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
        assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
        assert bucket["Properties"]["BucketEncryption"]
        assert bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]["AbortIncompleteMultipartUpload"]


def test_no_permission_is_wider_than_a_named_resource() -> None:
    role = template.load()["Resources"]["WorkerRole"]["Properties"]
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not any("*" in action for action in actions)
        assert statement["Resource"] != "*"


@pytest.mark.parametrize("path", sorted(pipeline_files.folder().rglob("*.py")), ids=lambda path: path.name)
def test_the_pipeline_imports_nothing_of_the_harness(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.split(".")[0] in ("harness", "scenarios", "tests")]
