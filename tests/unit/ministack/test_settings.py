"""The engine's environment is ours alone, and it opens nothing but its port on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.ministack import settings

pytestmark = pytest.mark.unit

ROOT = Path("/state/engine")


def environment() -> dict[str, str]:
    return settings.environment(port=4321, root=ROOT, token="t", lambda_python=Path("/lambda/python"))


@pytest.mark.parametrize(
    "name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "PYTHONPATH", "SERVICES", "DOCKER_HOST", "LAMBDA_EXECUTOR"]
)
def test_what_the_user_has_set_does_not_leak_in(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "the-users")
    assert "the-users" not in environment().values()


def test_it_listens_on_this_machine_alone() -> None:
    found = environment()
    assert (found["BIND_HOST"], found["GATEWAY_PORT"]) == ("127.0.0.1", "4321")
    assert (found["SFTP_ENABLED"], found["IOT_MTLS_ENABLED"]) == ("0", "0")


def test_no_container_of_the_machine_is_in_its_reach() -> None:
    """At start and stop it removes containers that it takes for its own."""
    assert environment()["DOCKER_HOST"] == f"unix://{ROOT}/no-docker.sock"


def test_all_that_it_writes_is_below_its_folder() -> None:
    found = environment()
    folders = ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR", "FLOODGATE_LAMBDA_DIR")
    assert {name for name in folders if not Path(found[name]).is_relative_to(ROOT)} == set()
