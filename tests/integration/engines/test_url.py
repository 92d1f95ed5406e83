"""An endpoint that runs already is used and left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines import ports
from harness.engines.base import EngineInfo
from harness.engines.localstack import health
from harness.engines.localstack.differences import differs_from_aws
from harness.engines.registry import create
from harness.exceptions import EngineStartError

pytestmark = pytest.mark.integration


def test_running_localstack_is_recognised_and_survives_stop(localstack: EngineInfo, tmp_path: Path) -> None:
    engine = create(localstack.endpoint_url)
    info = engine.start(tmp_path, print)
    assert (info.name, info.mode, info.version) == ("localstack", "url", localstack.version)
    engine.stop()
    assert health.read(localstack.endpoint_url) is not None


def test_what_differs_is_known_of_a_localstack_with_our_plugin(localstack: EngineInfo) -> None:
    told = create(localstack.endpoint_url).capabilities().differs_from_aws
    assert set(differs_from_aws("localstack", localstack.version)) < set(told)
    assert "settings of its own" in told[-1]


def test_nothing_is_claimed_of_what_does_not_answer() -> None:
    url = f"http://{ports.HOST}:{ports.free_port()}"
    (told,) = create(url).capabilities().differs_from_aws
    assert "how it differs from AWS is not known" in told


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(EngineStartError) as caught:
        create(f"http://{ports.HOST}:{ports.free_port()}").start(tmp_path, print)
    assert caught.value.hint == "is it running, and is this its address?"
