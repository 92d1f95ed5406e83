"""What is said of an engine that somebody else runs, by what it tells about itself."""

from __future__ import annotations

import pytest

from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.engines.localstack import differences, functions, health
from harness.engines.localstack.functions import LambdaEnvironments
from harness.engines.ministack import differences as ministack_differences
from harness.engines.ministack import health as ministack_health

pytestmark = pytest.mark.unit

URL = "http://127.0.0.1:1"
VERSION = "1.5.33"


@pytest.fixture
def with_our_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells of execution environments, as our plugin and our MiniStack do."""
    monkeypatch.setattr(functions, "read", lambda _engine: LambdaEnvironments(0, 0, 1, 0))


@pytest.fixture
def ministack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MiniStack answers; at LocalStack's health endpoint, too."""
    monkeypatch.setattr(ministack_health, "read", lambda _url: ministack_health.Health(VERSION, "light"))
    monkeypatch.setattr(health, "read", lambda _url: {"version": VERSION, "edition": "light"})


def told() -> tuple[str, ...]:
    return registry.capabilities(URL).differs_from_aws


@pytest.mark.usefixtures("ministack", "with_our_runtime")
def test_a_ministack_with_our_corrections_differs_as_ours_does_and_not_as_localstack() -> None:
    assert told()[:-1] == ministack_differences.differs_from_aws(VERSION)
    assert "settings of its own" in told()[-1]


@pytest.mark.usefixtures("ministack")
def test_of_a_ministack_without_them_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "read", lambda _engine: None)
    (only,) = told()
    assert "how it differs from AWS is not known" in only


@pytest.mark.usefixtures("with_our_runtime")
def test_a_localstack_that_tells_no_version_is_one_of_any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ministack_health, "read", lambda _url: None)
    monkeypatch.setattr(health, "read", lambda _url: {"services": {}})
    assert told()[:-1] == differences.differs_from_aws("localstack", None)


@pytest.mark.usefixtures("with_our_runtime")
def test_only_a_localstack_is_asked_for_cpu_and_memory() -> None:
    assert registry.usage(EngineInfo("localstack", "url", "4.14.0", URL)) is not None
    assert registry.usage(EngineInfo("ministack", "url", VERSION, URL)) is None
