"""Engines without a fault layer say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness import faults
from harness.cli.app import app
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


@pytest.mark.parametrize("engine", ["aws", "ministack"])
def test_faults_are_refused_before_anything_is_started_for_them(engine: str) -> None:
    rules = faults.parse(["s3.events:duplicate"])
    with pytest.raises(UsageError, match=f"engine {engine} has no fault layer"):
        faults.require_possible(engine, rules)
    faults.require_possible(engine, [])
    for able in ("localstack", "localstack:docker", "http://127.0.0.1:9"):
        faults.require_possible(able, rules)


def test_a_run_and_a_stack_refuse_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    fault = ["--fault", "s3.events:duplicate"]
    for command in (["up"], ["run", "smoke"]):
        result = CliRunner().invoke(app, [*command, "--engine", "aws", *fault])
        assert isinstance(result.exception, UsageError)
        assert "no fault layer" in result.exception.message
