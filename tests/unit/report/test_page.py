"""`report.html`: self-contained, true to the summary, sensible for small and empty runs."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from harness.measure.records import Outcome
from harness.report.html import render_html
from harness.report.inputs import ReportInputs
from harness.report.page import RunData, embedded_json
from harness.report.rerender import read_run
from harness.report.summary import build_summary
from harness.report.write import write_reports
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def page_of(folder: Path, inputs: ReportInputs) -> str:
    write_reports(folder, inputs)
    return (folder / "report.html").read_text(encoding="utf-8")


def value_at(page: str, marker: str) -> str:
    found = re.search(re.escape(marker) + r'[^>]*><data value="([^"]*)"', page)
    assert found, marker
    return found.group(1)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        page = page_of(folder, builders.inputs(list(builders.random_records(300))))
    return page, json.loads((folder / "summary.json").read_text())


def test_nothing_is_asked_from_a_network(written):
    page, _ = written
    assert not re.search(r"""(?:src|href|url|@import|action)\s*[=(]\s*["']?(?:https?:)?//""", page)
    assert "default-src 'none'" in html.unescape(page)


def test_there_are_no_style_attributes_which_the_policy_would_drop(written):
    page, _ = written
    assert not re.search(r"<[^>]+\sstyle=", page)


@pytest.mark.parametrize("name", ["offered", "uploaded", "delivered", "failed", "lost", "corrupted"])
def test_file_counts_are_those_of_the_summary(written, name):
    page, summary = written
    assert value_at(page, f'data-file="{name}"') == str(summary["files"][name])


def test_latencies_are_those_of_the_summary(written):
    page, summary = written
    for stage, latency in summary["latency_ms"].items():
        row = page[page.index(f'data-stage="{stage}"') :]
        cells = re.findall(r'<data value="([^"]*)"', row)[:7]
        assert [float(cell) for cell in cells] == list(latency.values())


def test_charts_have_a_name_a_description_and_data(written):
    page, _ = written
    for name in ("rates", "backlog", "cpu", "memory", "stages", "distribution"):
        chart = page[page.index(f'id="chart-{name}"') :]
        chart = chart[: chart.index("</figure>")]
        assert re.search(r'role="img" aria-label="[^"]{20,}"', chart)
        assert "<polyline" in chart or "<circle" in chart or "<rect" in chart


def test_the_page_is_complete_without_its_script(written):
    page, _ = written
    before_script = page[: page.index('<script type="application/json"')]
    assert before_script.count("<polyline") >= 10
    assert "Where this engine differs from AWS" in before_script


@pytest.mark.parametrize("outcome", list(Outcome))
def test_runs_of_one_outcome_render(tmp_path, outcome):
    page = page_of(tmp_path, builders.inputs([builders.record(0, outcome)], verdict="failed"))
    assert ("No file was delivered" in page) == (outcome is not Outcome.DELIVERED)


def test_an_empty_run_shows_no_samples_and_no_zero_latency(tmp_path):
    page = page_of(tmp_path, builders.inputs([], verdict="interrupted", resources={}))
    assert page.count("no samples") >= 9
    assert "No samples over time were recorded." in page
    assert "not measured" in page
    assert "0.00 ms" not in page


def test_a_stage_that_the_route_lacks_is_named_as_such():
    summary = build_summary(builders.inputs())
    summary["latency_ms"]["queue_wait"] = None
    assert "this route has no such stage" in render_html(RunData(summary))


def test_a_run_folder_without_its_rows_says_so(tmp_path):
    write_reports(tmp_path, builders.inputs())
    (tmp_path / "files.parquet").unlink()
    (tmp_path / "series.json").unlink()
    page = render_html(read_run(tmp_path))
    assert "files.parquet is not in this folder" in page
    assert "No samples over time were recorded." in page


def test_embedded_json_cannot_end_its_element():
    embedded = embedded_json({"a": "</script><!--&"})
    assert not set("<>&") & set(embedded)
    assert json.loads(embedded) == {"a": "</script><!--&"}
