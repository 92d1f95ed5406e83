"""The fixtures on a stack that is kept up, each through a project's own pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stack import lifecycle
from tests.integration.pytest_plugin.conftest import Project, counts, shown

pytestmark = pytest.mark.integration


def test_a_file_goes_through_and_comes_back(project: Project, kept_stack: str) -> None:
    project.write(
        "test_files.py",
        """
import asyncssh
import pytest


def test_bytes_text_and_files(sftp_client, wait_delivered, tmp_path, s3, floodgate_stack):
    local = tmp_path / "local.csv"
    local.write_bytes(b"from a file")
    for name, content, expected in [
        ("a.csv", b"bytes", b"bytes"), ("b.csv", "täxt", "täxt".encode()), ("c.csv", local, b"from a file")
    ]:
        delivered = wait_delivered(sftp_client.put(name, content))
        assert delivered.read() == expected
        assert delivered.size_bytes == len(expected)
        assert sftp_client.get(name) == expected
    head = s3.head_object(Bucket=floodgate_stack.destination_bucket, Key=delivered.key)
    assert head["VersionId"] == delivered.version_id


def test_the_newest_upload_is_waited_for(sftp_client, wait_delivered):
    for content in (b"first", b"second", b"third"):
        assert wait_delivered(sftp_client.put("again.csv", content)).read() == content


def test_folders_and_names(sftp_client):
    sftp_client.mkdir("drop")
    sftp_client.put("drop/one.csv", b"1")
    sftp_client.rename("drop/one.csv", "drop/two.csv")
    assert sftp_client.listdir("drop") == ["two.csv"]
    assert sftp_client.size_bytes("drop/two.csv") == 1
    sftp_client.remove("drop/two.csv")
    sftp_client.rmdir("drop")
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        sftp_client.get("drop/two.csv")
    sftp_client.close()
""",
    )
    result = project.pytest("--floodgate-stack", kept_stack)
    assert counts(result) == {"passed": 3}, shown(result)
    assert lifecycle.is_alive(kept_stack) == []


def test_what_is_not_delivered_fails_and_says_why(project: Project, kept_stack: str) -> None:
    project.write(
        "test_refused.py",
        """
def test_nothing_there(sftp_client, wait_delivered):
    wait_delivered(sftp_client.key("never-sent.csv"), timeout_s=0.5)


def test_deleted_before_it_was_copied(sftp_client, wait_delivered, floodgate_stack):
    lambdas = floodgate_stack.client("lambda")
    worker = floodgate_stack.description.functions["worker"]
    mappings = lambdas.list_event_source_mappings(FunctionName=worker)["EventSourceMappings"]
    for mapping in mappings:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        while lambdas.get_event_source_mapping(UUID=mapping["UUID"])["State"] != "Disabled":
            pass
    key = sftp_client.put("held.csv", b"held")
    try:
        wait_delivered(key, timeout_s=1)
    finally:
        for mapping in mappings:
            lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
""",
    )
    result = project.pytest("--floodgate-stack", kept_stack)
    assert counts(result) == {"failed": 2}, shown(result)
    assert (
        "customer-0001/never-sent.csv was not delivered within 0.5 s: it is not in the source bucket"
        in result.stdout
    )
    assert "customer-0001/held.csv was not delivered within 1 s: " in result.stdout


def test_a_scenario_is_a_test_and_leaves_its_report(project: Project, kept_stack: str) -> None:
    project.write(
        "test_load.py",
        """
def test_load(run_scenario):
    summary = run_scenario("smoke", files=8)
    summary.assert_passed()
    summary.assert_nothing_lost()
    assert summary.files["delivered"] == 8


def test_load_that_fails(run_scenario):
    fault = "s3.CopyObject:AccessDenied@100%"
    run_scenario("smoke", files=4, fault_texts=[fault], settle_s=5).assert_passed()
""",
    )
    result = project.pytest("--floodgate-stack", kept_stack, "--floodgate-reports", "kept")
    assert counts(result) == {"passed": 1, "failed": 1}, shown(result)
    assert "the run is failed" in result.stdout
    reports = sorted(path.parent.parent.name for path in (project.folder / "kept").glob("*/*/report.html"))
    assert reports == ["test_load.py--test_load", "test_load.py--test_load_that_fails"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--floodgate-stack", "nobody"], "no stack named 'nobody' is up"),
        (["--floodgate-route", "sideways"], "there is no route 'sideways'"),
        (["--floodgate-template", "missing.yaml"], "missing.yaml is no file"),
        (["--floodgate-customers", "none"], "must be a whole number"),
        (["--floodgate-parameter", "Transform"], "is not KEY=VALUE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project.write("test_any.py", "def test_any(floodgate_stack):\n    pass\n")
    result = project.pytest(*arguments)
    assert result.returncode != 0, shown(result)
    assert told in result.stdout + result.stderr, shown(result)
    assert "Traceback" not in result.stdout + result.stderr, shown(result)


def test_a_test_run_that_needs_no_stack_starts_none(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project.write("test_any.py", "def test_any():\n    pass\n")
    assert counts(project.pytest()) == {"passed": 1}
    assert not (tmp_path / "state").exists()


def test_a_configuration_that_something_else_refuses_is_told_as_before(project: Project) -> None:
    project.write(
        "conftest.py",
        'import pytest\n\n\ndef pytest_configure():\n    raise pytest.UsageError("not like this")\n',
    )
    result = project.pytest()
    assert (result.returncode, result.stderr.strip()) == (4, "ERROR: not like this"), shown(result)
