"""What a test can assert of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.exit_codes import ExitCode
from harness.pytest_plugin.run_summary import Summary

pytestmark = pytest.mark.unit


def summary(verdict: str = "passed", **changes: Any) -> Summary:
    files = {
        "uploaded": 5,
        "delivered": 5,
        "lost": 0,
        "duplicated": 0,
        "corrupted": 0,
        "in_flight": 0,
        **changes.pop("files", {}),
    }
    data = {
        "verdict": verdict,
        "files": files,
        "failures": [],
        "reasons": [],
        "latency_ms": {"end_to_end": {"count": 5, "p99": 12.5}, "queue_wait": None},
        "thresholds": [{"name": "end_to_end.p99 < 5s", "value": 7.1, "verdict": "failed"}],
        **changes,
    }
    return Summary(data, ExitCode.PASSED, Path("run"))


def test_a_passed_run_passes() -> None:
    summary().assert_passed()
    summary().assert_nothing_lost()


def test_a_failed_run_tells_its_reasons_its_failures_and_its_report() -> None:
    failures = [{"stage": "transfer", "cause": "AccessDenied", "count": 2}]
    failed = summary("failed", reasons=["2 files failed, 0 allowed"], failures=failures)
    with pytest.raises(AssertionError) as told:
        failed.assert_passed()
    for part in ("2 files failed, 0 allowed", "2 x AccessDenied in transfer", str(Path("run/report.html"))):
        assert part in str(told.value)


def test_a_slow_run_has_lost_nothing() -> None:
    summary("failed").assert_nothing_lost()


@pytest.mark.parametrize("outcome", ["lost", "duplicated", "corrupted", "in_flight"])
def test_a_file_that_is_not_accounted_for_fails(outcome: str) -> None:
    with pytest.raises(AssertionError, match="1 files"):
        summary(files={outcome: 1}).assert_nothing_lost()


def test_nothing_is_proven_by_a_run_without_uploads_or_evidence() -> None:
    with pytest.raises(AssertionError, match="nothing was uploaded"):
        summary(files={"uploaded": 0, "delivered": 0}).assert_nothing_lost()
    with pytest.raises(AssertionError, match="the stack was gone"):
        summary(evidence_complete=False).assert_nothing_lost()
    with pytest.raises(AssertionError, match="the ledger disagrees"):
        summary(conservation_problems=["the ledger disagrees"]).assert_nothing_lost()


def test_figures_of_a_stage() -> None:
    assert summary().latency_ms("end_to_end") == 12.5
    assert summary().latency_ms("queue_wait") is None
    with pytest.raises(KeyError):
        summary().latency_ms("nonsense")


def test_a_threshold_that_was_breached_and_one_that_was_not_there() -> None:
    with pytest.raises(AssertionError, match="failed"):
        summary().assert_threshold("end_to_end.p99 < 5s")
    with pytest.raises(AssertionError, match="it had end_to_end"):
        summary().assert_threshold("files.lost == 0")
