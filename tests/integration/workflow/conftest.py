"""One set of functions and machines for all tests of this folder."""

from __future__ import annotations

import pytest

from harness.engines.base import EngineInfo
from tests.integration.workflow.machines import Workflow


@pytest.fixture(scope="session")
def workflow(localstack: EngineInfo) -> Workflow:
    made = Workflow(localstack)
    made.deploy()
    return made
