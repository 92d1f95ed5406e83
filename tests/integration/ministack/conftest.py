"""One MiniStack of ours for all tests of this folder, which name their resources uniquely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.aws import client
from harness.engines.base import EngineInfo
from harness.engines.ministack.host import MiniStackHost
from tests.integration.lambda_runtime.functions import TestFunction


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStackHost]:
    """Stopped at the end; `ministack` starts it."""
    made = MiniStackHost()
    made.attach(tmp_path_factory.mktemp("ministack"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def ministack(engine: MiniStackHost) -> EngineInfo:
    log_file = engine.log_file()
    assert log_file is not None
    return engine.start(log_file.parent, print)


@pytest.fixture
def make_function(ministack: EngineInfo) -> Iterator[Callable[..., TestFunction]]:
    """Make functions of a source, deleted at the end."""
    made: list[TestFunction] = []

    def make(source: str, **config: Any) -> TestFunction:
        made.append(TestFunction(client("lambda", ministack), source, **config))
        return made[-1]

    yield make
    for function in made:
        function.delete()
