"""One LocalStack for all tests of the plugin; each test makes resources of its own names."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.environments import ensure
from tests.integration.engine_plugin.localstack_process import PYTHON_VARIABLE, LocalStackProcess


def _say(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="session")
def localstack_python() -> Path:
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        return Path(named)
    return ensure("localstack", _say)


@pytest.fixture(scope="session")
def lambda_python() -> Path:
    return ensure("lambda-runtime", _say)


@pytest.fixture(scope="session")
def localstack(
    localstack_python: Path, lambda_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStackProcess]:
    process = LocalStackProcess(
        localstack_python,
        lambda_python,
        tmp_path_factory.mktemp("localstack"),
        {"FLOODGATE_ALARM_INTERVAL_S": "2"},
    )
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture
def unique() -> str:
    """Part of a name that no other test uses."""
    return uuid.uuid4().hex[:12]
