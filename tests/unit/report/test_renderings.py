"""Markdown, JUnit and console: what they say of passed, failed and empty runs."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.measure.records import Outcome
from harness.report.console import render
from harness.report.headline import sentences
from harness.report.html import render_html
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.page import RunData
from harness.report.summary import build_summary
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def printed(summary: dict[str, Any]) -> str:
    output = io.StringIO()
    render(summary, Path("reports/x"), Console(file=output, width=120))
    return output.getvalue()


def junit_cases(summary: dict[str, Any]) -> tuple[ET.Element, dict[str | None, ET.Element]]:
    suite = ET.fromstring(render_junit(summary))
    return suite, {case.get("name"): case for case in suite.iter("testcase")}


@pytest.fixture
def passed():
    return build_summary(builders.inputs())


@pytest.fixture
def failed():
    return build_summary(builders.failed_inputs())


@pytest.fixture
def empty():
    reasons = ["the run was interrupted"]
    return build_summary(builders.inputs([], verdict="interrupted", reasons=reasons, knee=None))


def test_a_passed_run_says_that_no_file_was_lost(passed):
    assert sentences(passed) == [
        "All 50 uploaded files were delivered.",
        "No file was lost, duplicated or corrupted.",
        "2 of 2 thresholds held.",
    ]


def test_a_failed_run_begins_with_what_happened_where_the_reasons_are_told():
    failed = [builders.record(0), builders.record(1, Outcome.FAILED)]
    known = build_summary(builders.inputs(failed, verdict="failed", reasons=["1 files failed, 0 allowed"]))
    assert sentences(known)[0] == "1 of 2 uploaded files were delivered."
    assert sentences(build_summary(builders.inputs(failed, verdict="failed", reasons=[])))[0].startswith(
        "A threshold was breached or"
    )


@pytest.mark.parametrize(
    "rendered", [printed, lambda summary: render_html(RunData(summary)), render_markdown]
)
def test_a_threshold_that_was_breached_comes_before_those_that_held(passed, rendered):
    held = {"name": "files.lost == 0", "value": 0, "unit": "", "verdict": "passed"}
    breached = {"name": "files.failed == 0", "value": 3, "unit": "", "verdict": "failed"}
    content = rendered(
        {**passed, "thresholds": [held, breached], "provenance": {**passed["provenance"], "command": ""}}
    )
    assert content.index("files.failed == 0") < content.index("files.lost == 0")


def test_a_cause_without_end_does_not_make_the_page_large():
    summary = build_summary(builders.failed_inputs())
    endless = {**summary["failures"][0], "cause": "x" * 1_000_000}
    page = render_html(RunData({**summary, "failures": [endless]}))
    assert len(page) < 500_000


def test_a_file_still_under_way_is_told_with_the_claim():
    summary = build_summary(builders.inputs([builders.record(0), builders.record(1, Outcome.IN_FLIGHT)]))
    assert "No file was lost, duplicated or corrupted; 1 file still under way." in sentences(summary)


def test_lost_files_are_told_by_number():
    summary = build_summary(builders.inputs([builders.record(0), builders.record(1, Outcome.LOST)]))
    assert "Files lost: 1, duplicated: 0, corrupted: 0." in sentences(summary)


def test_nothing_uploaded_is_not_called_a_success(empty):
    assert "No file was lost, duplicated or corrupted." not in sentences(empty)


def test_counts_that_the_ledger_contradicts_are_not_called_a_success():
    inputs = builders.inputs()
    settled = replace(inputs.settlement, problems=["51 files were uploaded, but 50 have an outcome"])
    summary = build_summary(replace(inputs, settlement=settled, verdict="conservation_broken"))
    assert "No file was lost, duplicated or corrupted." not in sentences(summary)
    _, cases = junit_cases(summary)
    failure = cases["every file is accounted for"].find("failure")
    assert failure is not None
    assert failure.text == "51 files were uploaded, but 50 have an outcome"


def test_junit_of_a_passed_run_has_a_case_per_threshold_and_invariant(passed):
    suite, cases = junit_cases(passed)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(cases)), "0", "0")
    assert {"end_to_end.p99 < 5s", "lost = 0", "duplicated = 0", "corrupted = 0"} <= set(cases)
    assert len([name for name in cases if name and name.startswith(("offered = ", "uploaded = "))]) == 2


def test_junit_tells_the_measured_value_of_a_breached_threshold(failed):
    suite, cases = junit_cases(failed)
    failure = cases["files.failed == 0"].find("failure")
    assert failure is not None
    assert failure.get("message") == "files.failed == 0: failed, measured 1"
    assert int(suite.get("failures", "0")) == len(list(suite.iter("failure")))


def test_junit_fails_a_threshold_without_samples(empty):
    _, cases = junit_cases(empty)
    failure = cases["end_to_end.p99 < 5s"].find("failure")
    assert failure is not None
    assert "no samples" in failure.get("message", "")


@pytest.mark.parametrize(
    "verdict", ["failed", "conservation_broken", "inconclusive", "interrupted", "error", "passed"]
)
def test_junit_is_green_only_for_a_passed_run(passed, verdict):
    suite, _ = junit_cases({**passed, "verdict": verdict})
    wrong = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    assert bool(wrong) == (verdict != "passed")


def test_markdown_of_a_passed_run_has_verdict_ledger_and_latency(passed):
    markdown = render_markdown(passed)
    assert markdown.startswith("## ✅ Floodgate: passed\n")
    assert "**50 = 50 + 0 + 0 + 0 + 0 + 0**" in markdown
    assert "| End to end | 50 | 100 ms | 100 ms | 100 ms | 100 ms |" in markdown


@pytest.mark.parametrize(
    "rendered", [lambda summary: render_html(RunData(summary)), render_markdown, render_junit]
)
def test_every_report_tells_where_the_engine_differs_from_aws(passed, failed, rendered):
    for summary in (passed, failed, {**passed, "verdict": "error"}):
        engine = {**summary["engine"], "differs_from_aws": ["Policies are not enforced."]}
        assert "Policies are not enforced" in rendered({**summary, "engine": engine})
        assert "Policies" not in rendered(summary)


def test_markdown_fits_a_job_summary_even_with_many_long_causes(failed):
    long_key = "k" * 1024
    group = {
        **failed["failures"][0],
        "examples": [{"ledger_id": "x", "key": long_key, "message": "m" * 5000}],
    }
    failed["failures"] = [{**group, "cause": f"Cause{number}"} for number in range(500)]
    markdown = render_markdown(failed)
    assert len(markdown.encode()) < 20_000
    assert "490 more causes" in markdown


@pytest.mark.parametrize("rendered", [render_markdown, printed])
def test_no_samples_are_named_and_never_shown_as_zero(empty, rendered):
    content = rendered(empty)
    assert "no samples" in content
    assert "0.00 ms" not in content
    assert "0 files/s" not in content


def test_the_console_shows_every_stage_and_where_the_report_is(passed):
    content = printed(passed)
    for words in ("Passed", "SFTP upload", "Event delivery", "End to end", "reports/x/report.html"):
        assert words in content


def test_a_route_without_queue_stages_is_rendered(passed):
    passed["latency_ms"]["queue_wait"] = None
    assert "Queue wait" not in printed(passed)
    assert "Queue wait" not in render_markdown(passed)


@pytest.fixture
def blind():
    """A run whose stack was gone before it could be asked."""
    inputs = builders.inputs([builders.record(0), builders.record(1, Outcome.IN_FLIGHT)], verdict="error")
    settled = replace(inputs.settlement, evidence_complete=False, verified=0)
    return build_summary(replace(inputs, settlement=settled))


def test_without_evidence_nothing_is_claimed_about_loss(blind):
    told = sentences(blind)
    assert "1 of 2 uploaded files were delivered, as far as the table said." in told
    claim = "Whether a file was lost, duplicated or corrupted could not be checked"
    assert f"{claim}; what became of 1 file is not known." in told
    for content in (printed(blind), render_markdown(blind)):
        assert "No file was lost" not in content


def test_junit_passes_no_invariant_that_could_not_be_checked(blind):
    _, cases = junit_cases(blind)
    for name in ("lost = 0", "duplicated = 0", "corrupted = 0"):
        error = cases[name].find("error")
        assert error is not None
        assert "not known" in error.get("message", "")


def test_bytes_that_were_not_read_back_are_not_called_intact():
    inputs = builders.inputs()
    summary = build_summary(replace(inputs, settlement=replace(inputs.settlement, verified=47)))
    assert sentences(summary)[1] == (
        "No file was lost or duplicated, "
        "but 3 files could not be read back to see whether they are corrupted."
    )


@pytest.mark.parametrize("rendered", [render_markdown, printed])
def test_a_cause_is_explained_by_the_message_of_its_example(rendered):
    summary = build_summary(builders.failed_inputs(message="the bucket is on holiday"))
    assert "the bucket is on holiday" in rendered(summary)
