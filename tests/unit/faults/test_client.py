"""Engines without a fault layer say so."""

from __future__ import annotations

import pytest

from harness import faults
from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit

ELSEWHERE = EngineInfo("url", "url", "unknown", "http://127.0.0.1:9")


def test_an_engine_without_fault_layer_is_named() -> None:
    with pytest.raises(UsageError, match="engine url has no fault layer") as caught:
        faults.apply(ELSEWHERE, faults.parse(["s3.events:duplicate"]))
    assert "--fault" in (caught.value.hint or "")


def test_nobody_counts_calls_there() -> None:
    assert registry.call_counts(ELSEWHERE) is None
