"""docker-compose.yml and the Dockerfiles, read as data."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
OURS = ("localstack", "sftp", "locust-master", "locust-worker")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


@pytest.mark.parametrize("name", OURS)
def test_our_images_are_those_of_this_version(name: str) -> None:
    image = services()[name]["image"]
    assert image.startswith("floodgate/")
    assert image.endswith(f":{version('floodgate-harness')}")


def test_each_image_is_built_by_one_service() -> None:
    built = [service["image"] for service in services().values() if "build" in service]
    assert sorted(built) == sorted(set(built))
    assert {services()[name]["image"] for name in OURS} == set(built)


@pytest.mark.parametrize("name", services())
def test_ports_are_open_to_this_machine_alone(name: str) -> None:
    for port in services()[name].get("ports", []):
        assert port.startswith("127.0.0.1:${FLOODGATE_"), port


@pytest.mark.parametrize("name", services())
def test_every_service_is_limited_and_confined(name: str) -> None:
    service = services()[name]
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_nobody_gets_the_docker_socket_or_a_folder_of_this_machine() -> None:
    named = set(compose()["volumes"])
    for name, service in services().items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0] if not volume.startswith("${") else "reports"
            assert source in named or source.startswith("./harness/images/"), (name, volume)


def test_the_token_of_localstack_comes_by_the_environment_and_is_not_written_down() -> None:
    assert services()["localstack"]["environment"]["LOCALSTACK_AUTH_TOKEN"] is None


def test_compose_1_knows_every_top_level_key() -> None:
    assert {key for key in compose() if not key.startswith("x-")} == {"services", "volumes"}


def test_both_dockerfiles_of_localstack_make_the_same_image() -> None:
    of_engine = _final_stage(ROOT / "harness" / "engines" / "docker" / "build" / "Dockerfile")
    of_compose = _final_stage(ROOT / "harness" / "images" / "localstack.Dockerfile")
    assert of_compose[: len(of_engine)] == of_engine


def _final_stage(dockerfile: Path) -> list[str]:
    """Return its lines, with targets of what is copied but without their sources, which differ."""
    text = dockerfile.read_text()
    stage = text[text.rindex("FROM ${LOCALSTACK_IMAGE}") :]
    return [_without_source(line) for line in stage.splitlines() if line.strip()]


def _without_source(line: str) -> str:
    return f"COPY {line.split()[-1]}" if line.startswith("COPY") else line
