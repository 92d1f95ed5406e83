"""What must stay small whatever a run does: the page, the Markdown, GitHub's job summary."""

from __future__ import annotations

import re
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.measure.resources import ResourceSample
from harness.measure.results import Timeline
from harness.measure.sampling.series import Series
from harness.report import job_summary
from harness.report.aggregates import Aggregates
from harness.report.grid import count_latencies
from harness.report.html import render_html
from harness.report.markdown import render_markdown
from harness.report.page import RunData
from harness.report.parquet import write_files
from harness.report.summary import build_summary
from harness.report.write import write_reports
from tests.unit.report import builders

pytestmark = pytest.mark.unit

DAY_S = 86_400
SMALLEST_SCREENFUL = 300_000
"""A page with all charts full is larger than this, or the test below measures an empty one."""


def long_summary() -> dict[str, Any]:
    """Return the summary of a run in which everything that can be long is."""
    summary = build_summary(builders.failed_inputs(key="k" * 1024, message="m" * 5000))
    summary["failures"] = [{**summary["failures"][0], "cause": f"Cause{n}" * 20} for n in range(500)]
    for failure in summary["failures"]:
        failure["examples"] = [{**failure["examples"][0], "message": f"{n}" * 5000} for n in range(5)]
    summary["thresholds"] = [{**summary["thresholds"][0], "name": f"files.failed == {n}"} for n in range(200)]
    summary["reasons"] = [f"threshold breached: files.failed == {n}" for n in range(1000)]
    summary["notes"] = ["n" * 2000] * 50
    workers = [{"worker": f"w{n}", "offered": n, "lag_p99_ms": 1.0, "cpu_s": 1.0} for n in range(1000)]
    summary["generator"] = {"workers": workers, "was_limit": True}
    summary["faults"] = [{"rule": f"s3:error:{n}", "matched": n, "hits": n} for n in range(200)]
    return summary


def long_day(folder: Any) -> RunData:
    """Return a day of 7,200 intervals, with every figure sampled to its limit."""
    counts = [11 + n % 7 for n in range(7200)]
    timeline = Timeline(builders.START, 12.0, counts, counts, counts, counts, counts)
    looks = [builders.START + n * DAY_S / 3600 for n in range(3600)]
    roles = ("worker", "recorder", "parent", "child", "validate", "notify", "quarantine")
    figures = ("concurrency", "invocations", "duration", "errors", "throttles")
    samples = {
        f"lambda.{role}.{figure}": Series("1/s", looks, [(n * 7919) % 1000 / 7 for n in range(3600)])
        for role in roles
        for figure in figures
    }
    samples |= {f"queue.{role}.depth": samples["lambda.worker.errors"] for role in roles}
    groups = {
        name: [ResourceSample(builders.START + n, n % 97, n % 911) for n in range(0, DAY_S, 12)]
        for name in ("engine", "functions", "sftp", "load", "harness", "stand-ins")
    }
    records = [
        builders.record(n, intended_at=builders.START + n * DAY_S / 2000, key="k" * 1024) for n in range(2000)
    ]
    for made in records:
        made.handler_ended_at = made.intended_at + 0.1 + made.size_bytes % 13
    write_files(folder / "files.parquet", records)
    grid = count_latencies(pq.ParquetFile(folder / "files.parquet"))
    return RunData(long_summary(), timeline, groups, Aggregates(grid, ()), samples)


def test_the_page_of_a_long_day_with_many_faults_is_below_two_megabytes(tmp_path):
    page = render_html(long_day(tmp_path)).encode()
    assert SMALLEST_SCREENFUL < len(page) < 2_000_000
    assert page.count(b"<polyline") > 50


def test_markdown_of_such_a_run_is_far_below_the_limit_of_a_job_summary():
    markdown = render_markdown(long_summary())
    assert len(markdown.encode()) < job_summary.LIMIT_BYTES / 8
    assert "- and 980 more" in markdown
    assert "140 more are in the report." in markdown


def test_thresholds_that_did_not_hold_come_first_in_markdown():
    summary = build_summary(builders.inputs())
    held, breached = dict(summary["thresholds"][0]), {**summary["thresholds"][0], "verdict": "failed"}
    summary["thresholds"] = [
        {**held, "name": "rate.delivered > 1/s"},
        {**breached, "name": "files.lost == 0"},
    ]
    rows = re.findall(r"^\| (✅|❌) ", render_markdown(summary), re.MULTILINE)
    assert rows == ["❌", "✅"]


@pytest.fixture
def github(tmp_path, monkeypatch):
    path = tmp_path / "step-summary.md"
    monkeypatch.setenv(job_summary.VARIABLE, str(path))
    return path


def test_runs_of_one_step_append_to_its_summary(tmp_path, github):
    for name in ("a", "b"):
        write_reports(tmp_path / name, builders.inputs())
    assert github.read_text().count("## ✅ Floodgate: passed") == 2


def test_without_room_only_the_verdict_is_appended(github):
    github.write_text("x" * (job_summary.LIMIT_BYTES - 200))
    job_summary.append_to_job_summary("## ✅ Floodgate: passed\n" + "more\n" * 100)
    assert github.stat().st_size <= job_summary.LIMIT_BYTES
    assert github.read_text().endswith("the job summary is full.\n")


def test_a_full_summary_is_left_alone(github):
    github.write_text("x" * job_summary.LIMIT_BYTES)
    job_summary.append_to_job_summary("## ✅ Floodgate: passed\n")
    assert github.stat().st_size == job_summary.LIMIT_BYTES


def test_outside_of_github_nothing_is_appended(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(job_summary.VARIABLE, raising=False)
    job_summary.append_to_job_summary("## ✅ Floodgate: passed\n")
    assert list(tmp_path.iterdir()) == []
