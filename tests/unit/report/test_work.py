"""What the pipeline did besides delivering is in every rendering, and old summaries are still rendered."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from harness.measure.records import Outcome
from harness.measure.results import Attempts
from harness.report import work
from harness.report.console import render
from harness.report.html import render_html
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.page import RunData
from harness.report.summary import build_summary, problems_of
from tests.unit.report.builders import facts, inputs, record, settlement

pytestmark = pytest.mark.unit

OPTIONS = {
    "fifo": True,
    "pipe": True,
    "recording": "full",
    "parameters": {"Transform": "gzip", "MaxSizeBytes": "1024"},
    "given": {"Transform": "gzip"},
}
CALLS = {"s3.CopyObject": 1.0, "s3.HeadObject": 1.0, "dynamodb.BatchExecuteStatement": 0.345}
FAULT = {"rule": "s3.CopyObject:SlowDown@5%", "matched": 1000, "hits": 49}


@pytest.fixture
def summary():
    settled = settlement(
        [record(0), record(1, Outcome.FAILED)],
        attempts=Attempts(retried=3, most=3, redriven=1),
        executions={"parent": {"SUCCEEDED": 19, "TIMED_OUT": 1}, "child": {}},
    )
    made = inputs(
        settlement=settled,
        thresholds=[],
        facts=facts(options=OPTIONS),
        aws_calls_per_file=CALLS,
        faults=[FAULT],
    )
    return build_summary(made)


def test_the_fields_follow_the_contract(summary):
    assert problems_of(summary) == []
    assert summary["options"] == OPTIONS
    assert summary["aws_calls_per_file"] == CALLS
    assert summary["faults"] == [FAULT]
    assert summary["attempts"] == {"retried": 3, "most": 3, "redriven": 1}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("options", {"fifo": "yes"}),
        ("executions", {"parent": {"RUNNING": -1}}),
        ("aws_calls_per_file", {"s3.CopyObject": "many"}),
        ("faults", [{"rule": "x"}]),
        ("attempts", {"retried": 0.5}),
    ],
)
def test_the_schema_refuses_what_is_wrong(summary, field, wrong):
    assert problems_of({**summary, field: wrong})


def test_the_lines_say_it_in_words(summary):
    assert dict(work.lines(summary)) == {
        "Pipeline": "FIFO, Pipe, recording full, Transform gzip",
        "Attempts": "3 files took more than one attempt, 3 at most; "
        "1 file given all attempts again after failing for good",
        "Executions": "parent: 19 succeeded, 1 timed out; child: none listed",
        "AWS calls": "2.34 for each file: s3.CopyObject 1.00, s3.HeadObject 1.00, "
        "dynamodb.BatchExecuteStatement 0.34",
        "Faults": "s3.CopyObject:SlowDown@5% hit 49 of 1,000",
    }


def test_every_rendering_shows_them(summary):
    buffer = io.StringIO()
    render(summary, Path("run"), Console(file=buffer, width=250))
    page, markdown = render_html(RunData(summary)), render_markdown(summary)
    junit = ET.fromstring(render_junit(summary))
    properties = {found.get("name"): found.get("value") for found in junit.iter("property")}
    for rendered in (buffer.getvalue(), page, markdown.replace("\\", "")):
        for word in ("1 timed out", "2.34 for each file", "SlowDown@5%", "all attempts again"):
            assert word in rendered
    assert "MaxSizeBytes" in page
    assert (properties["aws_calls"] or "").startswith("2.34")
    assert properties["faults"] == "s3.CopyObject:SlowDown@5% hit 49 of 1,000"


def test_a_summary_without_these_fields_is_rendered_too():
    summary = build_summary(inputs())
    for field in ("options", "attempts", "executions", "aws_calls_per_file", "faults"):
        del summary[field]
    assert problems_of(summary) == []
    assert work.lines(summary) == []
    assert "What the pipeline did" not in render_html(RunData(summary))


def test_many_calls_are_shortened():
    per_file = {f"s3.Operation{number:02}": float(number) for number in range(1, 13)}
    assert work.calls(per_file).endswith("and 4 more")
    assert work.calls(None) == work.calls({}) == ""
