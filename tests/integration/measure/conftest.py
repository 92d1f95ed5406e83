"""A pipeline's storage on the session's LocalStack, removed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engines.base import EngineInfo
from tests.integration.measure.pipelines import Pipeline


@pytest.fixture
def pipeline(localstack: EngineInfo, tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(localstack, tmp_path)
    yield made
    made.delete()
