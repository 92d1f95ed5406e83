"""What all integration tests share: one real LocalStack with our plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.engines.base import EngineInfo
from harness.engines.localstack.host import LocalStackHost


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineInfo]:
    """Start one host engine for the session. Tests name their resources uniquely and may not stop it."""
    engine = LocalStackHost()
    try:
        yield engine.start(tmp_path_factory.mktemp("localstack"), print)
    finally:
        engine.stop()
