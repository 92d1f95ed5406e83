"""`--floodgate-engine localstack:docker` for the tests of another project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.docker.stack_in_docker import Docker
from tests.integration.pytest_plugin.conftest import Project, counts, shown

pytestmark = pytest.mark.docker

TESTS = """
def test_a_file_arrives(floodgate_stack, sftp_client, wait_delivered):
    assert floodgate_stack.description.engine.label == "localstack:docker"
    key = sftp_client.put("incoming/report.csv", b"id,amount\\n1,10\\n")
    assert wait_delivered(key).read() == b"id,amount\\n1,10\\n"
"""


def test_a_project_chooses_the_container_and_keeps_its_log(
    docker: Any, our_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    ours = Docker(docker, tmp_path / "state" / "floodgate" / "stacks")
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    project.write("test_files.py", TESTS)
    project.write("pytest.ini", "[pytest]\nfloodgate_customers = 1\nfilterwarnings = error\n")
    try:
        result = project.pytest(
            "-q", "--floodgate-engine", "localstack:docker", "--floodgate-reports", "reports"
        )
        assert counts(result) == {"passed": 1}, shown(result)
        assert "Ready." in (project.folder / "reports" / "engine.log").read_text()
        assert ours.containers() == []
        assert list(ours.stacks.glob("pytest-*")) == []
    finally:
        ours.clear()
