"""`floodgate doctor` where there is a Docker Engine: what it knows of containers that are up, and left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.doctor.host import cgroup
from harness.doctor.leftovers import containers
from harness.engines.docker import image, labels, published
from tests.docker.stack_in_docker import StackInDocker

pytestmark = pytest.mark.docker


@pytest.fixture
def left_over(docker: Any, our_image: str, tmp_path: Path) -> Iterator[Any]:
    """A container of a stack whose folder is gone."""
    given = labels.of_stack("gone", tmp_path / "stacks" / "gone")
    made = docker.containers.create(
        our_image,
        ["sleep", "600"],
        entrypoint="",
        labels=given,
        name=f"floodgate-gone-{uuid.uuid4().hex[:8]}",
    )
    yield made
    for each in docker.containers.list(all=True, filters={"id": made.id}):
        each.remove(force=True)


def findings(*arguments: str, **variables: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "doctor", "--json", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["id"]: each for each in json.loads(done.stdout)["findings"]}


def test_a_machine_with_docker_is_ready(kept: StackInDocker, tmp_path: Path) -> None:
    found = findings("--engine", "localstack:docker", FLOODGATE_HOME=str(tmp_path))
    assert found["docker.engine"]["status"] == "ok"
    assert found["docker.image"]["details"]["image"] == image.find()
    left = found["leftovers.containers"]["details"].get("containers", [])
    assert kept.container.name not in left, "its stack is there, though in another home"


def test_an_image_that_is_not_there_is_fetched_later(our_image: str, tmp_path: Path) -> None:
    variables = {"FLOODGATE_HOME": str(tmp_path), "LOCALSTACK_IMAGE": "localstack/localstack:4.0.0-not-here"}
    found = findings("--engine", "localstack:docker", **variables)
    assert found["docker.image"]["status"] == "note"
    assert "docker pull localstack/localstack:4.0.0-not-here" in found["docker.image"]["fix"]


def test_a_container_whose_stack_is_gone_is_found_and_removed(left_over: Any, docker: Any) -> None:
    (found,) = (each for each in containers.find() if each.id == left_over.id)
    assert (found.name, found.stack) == (left_over.name, "gone")
    (told,) = containers.look(lambda: [found])
    assert left_over.name in told.summary
    containers.remove(found)
    containers.remove(found)
    assert docker.containers.list(all=True, filters={"id": left_over.id}) == []


def test_the_limits_of_a_container_are_seen_inside_it(docker: Any, our_image: str) -> None:
    """The module needs nothing but Python, so that its text is enough."""
    told = docker.containers.run(
        our_image,
        ["-c", f"{Path(str(cgroup.__file__)).read_text()}\nprint(read())"],
        entrypoint="python3",
        mem_limit="300m",
        nano_cpus=500_000_000,
        pids_limit=64,
        network_disabled=True,
        remove=True,
    ).decode()
    assert f"memory_bytes={300 * 1024**2}," in told
    assert "cpus=0.5," in told
    assert "processes=64," in told


def test_who_has_a_port(kept: StackInDocker) -> None:
    port = int(kept.description.engine.endpoint_url.rpartition(":")[2])
    found = published.publisher(port)
    assert found is not None
    assert (found.name, found.stack) == (kept.container.name, kept.description.name)
    assert found.way_to_end() == "`floodgate down --name kept`"
