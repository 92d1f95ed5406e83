"""`docker compose up`, one upload with OpenSSH, a run from the web UI, `down`: what is left."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.exceptions import EnvironmentNotReadyError
from harness.images.build import build_all
from tests.docker.composed import V2_ENV, Composed, program
from tests.e2e.floodgate import eventually
from tests.missing import skip_unless_ci

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]  # a first test also builds images

CONTENT = b"id,amount\n1,10\n"
LACKS = {
    1: "there is no docker-compose 1.29: apt-get install docker-compose",
    2: f"there is no Compose 2: install the plugin of docker, or name a program in {V2_ENV}",
}


@pytest.fixture(scope="session")
def images(docker: Any) -> None:
    """The images of docker-compose.yml, of the code as it is now."""
    if not shutil.which("docker"):
        skip_unless_ci("there is no program docker: apt-get install docker-cli (or docker.io)")
    try:
        build_all(print)
    except EnvironmentNotReadyError as exc:
        skip_unless_ci(f"the images could not be built: {exc.message}")


@pytest.fixture
def compose(docker: Any, images: None) -> Iterator[Callable[[int], Composed]]:
    """Makes a project with Compose of a major version; what is left of it goes after the test."""
    made: list[Composed] = []

    def make(major: int) -> Composed:
        command = program(major)
        if command is None:
            skip_unless_ci(LACKS[major])
        made.append(Composed(command, docker))
        return made[-1]

    yield make
    for project in made:
        project.clear()


def assert_delivered(project: Composed, name: str) -> None:
    """Wait for the customer's file in the destination bucket."""
    s3 = aws.client("s3", project.engine())
    bucket = project.status()["buckets"]["destination"]

    def delivered() -> bytes | None:
        try:
            found: bytes = s3.get_object(Bucket=bucket, Key=f"customer-0001/{name}")["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return found

    assert eventually(delivered, f"{name} in {bucket}") == CONTENT


def test_compose_1_up_upload_run_with_two_workers_down(
    compose: Callable[[int], Composed], tmp_path: Path
) -> None:
    project = compose(1)
    project.succeed("up", "-d")
    project.upload("first.csv", CONTENT, tmp_path)
    assert_delivered(project, "first.csv")

    project.succeed("up", "-d", "--no-recreate", "--scale", "locust-worker=2")
    eventually(lambda: project.web("/floodgate/health")["workers"] == 2, "two workers")
    project.succeed("exec", "-T", "locust-worker", "floodgate", "serve", "--worker", "--check")
    run = project.web("/floodgate/runs", {"scenario": "smoke"})["run"]
    eventually(lambda: run_of(project, run)["verdict"], "a verdict", 120)
    ended = run_of(project, run)
    assert (ended["verdict"], ended["workers"]) == ("passed", 2), ended

    summary = project.web(f"/floodgate/reports/{run}/summary.json")
    assert summary["files"]["delivered"] == 20
    for role in ("engine", "sftp"):  # in other containers than the run
        assert summary["resources"][role]["cpu_s"] > 0, role
    assert not any("not known" in sentence for sentence in summary["engine"]["differs_from_aws"])

    project.succeed("down", "-v")
    assert project.leftovers() == []


def run_of(project: Composed, run: str) -> dict[str, Any]:
    return project.web(f"/floodgate/runs/{run}")


def test_compose_2_up_upload_down_and_a_localstack_that_starts_again(
    compose: Callable[[int], Composed], tmp_path: Path
) -> None:
    project = compose(2)
    project.succeed("up", "-d")
    project.upload("first.csv", CONTENT, tmp_path)
    assert_delivered(project, "first.csv")
    assert_confined(project)

    bucket = project.status()["buckets"]["source"]
    project.succeed("restart", "localstack")
    eventually(lambda: is_up_again(project, bucket), "a stack on the LocalStack that has forgotten all", 120)
    project.upload("second.csv", CONTENT, tmp_path)
    assert_delivered(project, "second.csv")

    project.succeed("down", "-v")
    assert project.leftovers() == []


def is_up_again(project: Composed, old_bucket: str) -> bool:
    (container,) = project.containers("sftp")
    if container.attrs["State"].get("Health", {}).get("Status") != "healthy":
        return False
    told = project.call("exec", "-T", "sftp", "floodgate", "status", "--json")
    return told.returncode == 0 and old_bucket not in told.stdout


def assert_confined(project: Composed) -> None:
    """What docker-compose.yml promises, as the Docker Engine has understood it."""
    containers = project.containers()
    assert {c.labels["com.docker.compose.service"] for c in containers} == {
        "localstack",
        "sftp",
        "locust-master",
        "locust-worker",
    }
    for container in containers:
        host = container.attrs["HostConfig"]
        assert container.attrs["Config"]["User"] == "10001:10001", container.name
        assert host["ReadonlyRootfs"], container.name
        assert host["CapDrop"] == ["ALL"], container.name
        assert host["Memory"] > 0, container.name
        assert host["NanoCpus"] > 0, container.name
        addresses = {each["HostIp"] for found in host["PortBindings"].values() for each in found}
        assert addresses <= {"127.0.0.1"}, container.name


@pytest.mark.parametrize("major", [1, 2])
def test_a_port_that_is_taken_is_told_and_leaves_nothing(
    compose: Callable[[int], Composed], major: int
) -> None:
    project = compose(major)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        project.ports["LOCALSTACK"] = taken.getsockname()[1]
        refused = project.call("up", "-d", "localstack")
    assert refused.returncode != 0
    assert str(project.ports["LOCALSTACK"]) in refused.stderr
    project.succeed("down", "-v")
    assert project.leftovers() == []


@pytest.mark.parametrize("major", [1, 2])
def test_what_monitoring_has_made_goes_with_its_profile(
    compose: Callable[[int], Composed], major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = f"floodgate/harness:{version('floodgate-harness')}"  # stands in for images that a registry has
    monkeypatch.setenv("PROMETHEUS_IMAGE", ours)
    monkeypatch.setenv("GRAFANA_IMAGE", ours)
    project = compose(major)
    project.succeed("--profile", "monitoring", "up", "--no-start")
    assert project.containers("grafana")
    project.succeed("--profile", "monitoring", "down", "-v")
    assert project.leftovers() == []
