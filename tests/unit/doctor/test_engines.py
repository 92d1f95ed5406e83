"""Looks at what engines need: Docker, Compose, token, credentials."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.doctor.engines import account, compose, docker, endpoint, token
from harness.doctor.finding import Status
from harness.engines.docker.client import Problem
from harness.exceptions import EnvironmentNotReadyError, UsageError

pytestmark = pytest.mark.unit

SECRET = "ls-abcdEFGH-1234-secret"


def test_a_docker_problem_is_told_with_its_own_fix() -> None:
    (found,) = docker.engine(lambda: Problem("stopped", "it is not running", "start it"))
    assert (found.status, found.summary, found.fix) == (Status.FAILED, "it is not running", "start it")
    assert found.details["kind"] == "stopped"


@pytest.mark.parametrize(("told", "status"), [("20.10.24", Status.OK), (None, Status.FAILED)])
def test_without_our_package_the_program_is_asked(
    monkeypatch: pytest.MonkeyPatch, told: str | None, status: Status
) -> None:
    """Compose needs no package of ours; the engine does."""
    monkeypatch.setattr(docker, "version_of", lambda _: told)
    (engine,) = docker.engine(lambda: Problem("package", "no package", "pip install it"))
    assert engine.status is status
    (package,) = docker.package(lambda: Problem("package", "no package", "pip install it"))
    assert (package.status, package.fix) == (Status.FAILED, "pip install it")
    assert list(docker.package(lambda: Problem("stopped", "it is not running", "start it"))) == []


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ({"ServerVersion": "20.10.24+dfsg1"}, Status.OK),
        ({"ServerVersion": "28.0.1"}, Status.OK),
        ({"ServerVersion": "19.03.8"}, Status.WARNING),
        ({"ServerVersion": "master-dockerproject"}, Status.OK),
        ({"ServerVersion": "28.0.1", "OSType": "windows"}, Status.FAILED),
    ],
)
def test_releases_of_docker(info: dict[str, Any], status: Status) -> None:
    assert next(docker._of_info(info)).status is status


def test_the_small_machine_of_a_docker_desktop() -> None:
    *_, found = docker._of_info({"ServerVersion": "28.0.1", "MemTotal": 1024**3})
    assert found.status is Status.WARNING


@pytest.mark.parametrize(("free_gib", "status"), [(1, Status.WARNING), (30, Status.OK)])
def test_the_room_for_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_gib: int, status: Status
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free_gib * 1024**3))
    (found,) = docker._disk({"DockerRootDir": str(tmp_path), "Name": platform.node()})
    assert found.status is status


def test_the_disk_of_a_docker_engine_elsewhere_is_not_ours_to_see(tmp_path: Path) -> None:
    assert list(docker._disk({"DockerRootDir": str(tmp_path), "Name": "docker-desktop"})) == []


def test_without_docker_nothing_is_said_about_images() -> None:
    problem = Problem("absent", "none", "install it")
    assert list(docker.image(lambda: problem)) == []


@pytest.mark.parametrize(
    ("made", "base_is_there", "status"),
    [
        ("floodgate/localstack:abc", False, Status.OK),
        (None, True, Status.OK),
        (None, False, Status.NOTE),
    ],
)
def test_images(made: str | None, base_is_there: bool, status: Status) -> None:
    (found,) = docker.image(lambda: None, lambda _: base_is_there, lambda: made)
    assert found.status is status


@pytest.mark.parametrize(
    ("versions", "status"),
    [
        ({"docker compose": "2.26.1"}, Status.OK),
        ({"docker compose": "v2.3.3"}, Status.OK),
        ({"docker-compose": "1.29.2"}, Status.OK),
        ({"docker compose": "5.0.0", "docker-compose": "1.25.0"}, Status.OK),
        ({"docker-compose": "1.25.0"}, Status.WARNING),
        ({}, Status.FAILED),
    ],
)
def test_composes(versions: dict[str, str], status: Status) -> None:
    (found,) = compose.look(lambda command: versions.get(" ".join(command[:-2])))
    assert found.status is status
    assert found.details["versions"] == versions


@pytest.mark.parametrize(
    ("oldest_api", "composes", "status"),
    [
        ("1.12", {"docker-compose": "1.29.2"}, Status.OK),
        (None, {"docker-compose": "1.29.2"}, Status.OK),
        ("1.44", {"docker-compose": "1.29.2"}, Status.FAILED),
        ("1.44", {"docker-compose": "1.29.2", "docker compose": "2.40.3"}, Status.OK),
    ],
)
def test_docker_29_does_not_let_compose_1_in(
    oldest_api: str | None, composes: dict[str, str], status: Status
) -> None:
    def ask(command: Sequence[str]) -> str | None:
        return oldest_api if "--format" in command else composes.get(" ".join(command[:-2]))

    (found,) = compose.look(ask)
    assert found.status is status


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, Status.OK),
        ({"LOCALSTACK_AUTH_TOKEN": SECRET}, Status.OK),
        ({"LOCALSTACK_AUTH_TOKEN": f'"{SECRET}"'}, Status.WARNING),
        ({"LOCALSTACK_AUTH_TOKEN": f"{SECRET} "}, Status.WARNING),
        ({"LOCALSTACK_AUTH_TOKEN": "secret-of-another-kind"}, Status.WARNING),
        ({"LOCALSTACK_API_KEY": "secret"}, Status.NOTE),
        ({"LOCALSTACK_IMAGE": "localstack/localstack:4.14.0"}, Status.OK),
        ({"LOCALSTACK_IMAGE": "localstack/localstack:latest"}, Status.FAILED),
        ({"LOCALSTACK_IMAGE": "localstack/localstack:latest", "LOCALSTACK_AUTH_TOKEN": SECRET}, Status.OK),
    ],
)
def test_tokens_are_looked_at_and_never_shown(given: dict[str, str], status: Status) -> None:
    (found,) = token.look(given)
    assert found.status is status
    assert "secret" not in str(found.to_json())


@pytest.mark.parametrize(
    ("image", "needed"),
    [
        ("", False),
        ("localstack/localstack:4.14.0", False),
        ("localstack/localstack:4.9", False),
        ("localstack/localstack:4.15", True),
        ("localstack/localstack:2026.3.1", True),
        ("localstack/localstack", True),
        ("localstack/localstack:latest", True),
        ("localhost:5000/localstack/localstack", True),
        ("localhost:5000/localstack/localstack:4.14.0", False),
        ("localstack/localstack:4.14.0@sha256:abc", False),
        ("localstack/localstack-pro:3.0.0", True),
        ("our-registry/our-own-image:1.0", False),
    ],
)
def test_which_images_need_a_token(image: str, needed: bool) -> None:
    assert token.needs_token(image) is needed


@pytest.mark.parametrize(
    ("env", "profiles", "source"),
    [
        ({}, {}, None),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, {"default": {"sso_session": "x"}}, "AWS_ACCESS_KEY_ID"),
        ({}, {"default": {"aws_access_key_id": "AKIA"}}, "'default' (keys)"),
        ({"AWS_PROFILE": "work"}, {"work": {"sso_session": "x"}}, "'work' (IAM Identity Center)"),
        (
            {"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKIA"},
            {"work": {"role_arn": "x"}},
            "'work' (a role)",
        ),
        ({"AWS_PROFILE": "gone"}, {"default": {"aws_access_key_id": "AKIA"}}, None),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, {}, "web identity"),
        ({}, {"default": {"region": "eu-west-1"}}, None),
    ],
)
def test_where_credentials_come_from(env: dict[str, str], profiles: Any, source: str | None) -> None:
    found = account.source_of(env, profiles)
    assert (found is None) is (source is None)
    assert source is None or source in str(found)
    assert "AKIA" not in str(found)


class Refusing:
    """A session that AWS does not let in."""

    def client(self, service: str) -> Any:
        raise EnvironmentNotReadyError("the token has expired", hint="aws sso login")


def test_credentials_that_aws_refuses_are_missing() -> None:
    (found,) = account.whose(Refusing)  # type: ignore[arg-type]
    assert (found.status, found.fix) == (Status.FAILED, "aws sso login")


def test_an_address_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        list(endpoint.look("http://"))
