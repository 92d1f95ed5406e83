"""One LocalStack for all tests of the plugin; each test makes resources of its own names."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engine_plugin.localstack_process import PYTHON_VARIABLE, LocalStackProcess


def _say(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="session")
def localstack_python() -> Path:
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        return Path(named)
    from harness.environments import ensure

    return ensure("localstack", _say)


@pytest.fixture(scope="session")
def localstack(
    localstack_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStackProcess]:
    root = tmp_path_factory.mktemp("localstack")
    process = LocalStackProcess(localstack_python, root, {"PROVIDER_OVERRIDE_DYNAMODB": "floodgate"})
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture
def unique() -> str:
    """Part of a name that no other test uses."""
    return uuid.uuid4().hex[:12]
