"""The engine's environment is ours alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.localstack import settings

pytestmark = pytest.mark.unit

ROOT = Path("/state/engine")


def environment() -> dict[str, str]:
    return settings.environment(port=4321, root=ROOT, lambda_python=Path("/lambda/python"))


@pytest.mark.parametrize(
    "name",
    ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "LOCALSTACK_VOLUME_DIR", "PYTHONPATH", "SERVICES", "HTTP_PROXY"],
)
def test_what_the_user_has_set_does_not_leak_in(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "the-users")
    assert "the-users" not in environment().values()


def test_the_token_is_handed_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_AUTH_TOKEN", "ls-token")
    assert environment()["LOCALSTACK_AUTH_TOKEN"] == "ls-token"


def test_no_token_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALSTACK_AUTH_TOKEN", raising=False)
    assert "LOCALSTACK_AUTH_TOKEN" not in environment()


def test_it_listens_on_this_machine_alone() -> None:
    assert environment()["GATEWAY_LISTEN"] == "127.0.0.1:4321"


@pytest.mark.parametrize(
    "name", ["FILESYSTEM_ROOT", "HOME", "TMPDIR", "CONFIG_DIR", "XDG_CACHE_HOME", "FLOODGATE_LAMBDA_DIR"]
)
def test_all_that_it_writes_is_in_its_own_folder(name: str) -> None:
    assert Path(environment()[name]).is_relative_to(ROOT)
