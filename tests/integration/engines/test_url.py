"""An endpoint that runs already is used and left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines import ports
from harness.engines.base import EngineInfo
from harness.engines.localstack import health
from harness.engines.registry import create
from harness.exceptions import EngineStartError

pytestmark = pytest.mark.integration


def test_running_localstack_is_recognised_and_survives_stop(localstack: EngineInfo, tmp_path: Path) -> None:
    engine = create(localstack.endpoint_url)
    info = engine.start(tmp_path, print)
    assert (info.name, info.mode, info.version) == ("localstack", "url", localstack.version)
    engine.stop()
    assert health.read(localstack.endpoint_url) is not None


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(EngineStartError) as caught:
        create(f"http://{ports.HOST}:{ports.free_port()}").start(tmp_path, print)
    assert caught.value.hint == "is it running, and is this its address?"
