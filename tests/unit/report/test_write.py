"""The run folder as a whole: what is written, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from harness.exceptions import ReportError
from harness.measure.records import Outcome
from harness.report.parquet import SCHEMA
from harness.report.write import write_reports
from tests.unit.report import builders

pytestmark = pytest.mark.unit

EVIDENCE = {"summary.json", "series.json", "files.parquet", "histograms.hlog"}
RENDERINGS = {"report.html", "summary.md", "junit.xml"}


def test_everything_is_written_and_nothing_partial_is_left(tmp_path):
    summary = write_reports(tmp_path / "run", builders.inputs())
    assert {path.name for path in (tmp_path / "run").iterdir()} == EVIDENCE | RENDERINGS
    assert json.loads((tmp_path / "run" / "summary.json").read_text()) == summary


def test_parquet_has_the_columns_of_the_contract_and_one_row_per_file(tmp_path):
    write_reports(tmp_path, builders.inputs())
    table = pq.read_table(tmp_path / "files.parquet")
    assert table.schema.equals(SCHEMA)
    assert " ".join(table.column_names) == (
        "ledger_id file_id key version_id customer_id size_bytes sha256 intended_at started_at closed_at "
        "queued_at first_received_at handler_started_at handler_ended_at outcome cause attempts"
        " kind expects"
    )
    assert table.num_rows == 50
    assert table["intended_at"][0].as_py().isoformat() == "2026-11-22T19:48:08.250000+00:00"


def test_counts_that_contradict_each_other_are_refused_and_kept_for_diagnosis(tmp_path):
    inputs = builders.inputs()
    counts = {**inputs.settlement.counts, "delivered": 49}
    wrong = replace(inputs, settlement=replace(inputs.settlement, counts=counts))
    with pytest.raises(ReportError, match="uploaded = delivered"):
        write_reports(tmp_path, wrong)
    assert (tmp_path / "summary.invalid.json").exists()
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_run_in_which_all_files_ended_alike_is_rendered(tmp_path, outcome):
    write_reports(tmp_path, builders.inputs([builders.record(n, outcome) for n in range(3)]))
    assert (tmp_path / "report.html").stat().st_size > 0


def test_an_empty_run_is_rendered(tmp_path):
    summary = write_reports(tmp_path, builders.inputs([], verdict="interrupted"))
    assert summary["latency_ms"]["end_to_end"] == dict.fromkeys(
        ("count", "p50", "p90", "p95", "p99", "p999", "max")
    ) | {"count": 0}
    assert "No file was offered." in (tmp_path / "report.html").read_text()


def test_the_markdown_is_appended_to_the_job_summary(tmp_path, monkeypatch):
    job_summary = tmp_path / "step.md"
    job_summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(job_summary))
    write_reports(tmp_path / "run", builders.inputs())
    assert job_summary.read_text() == "before\n" + (tmp_path / "run" / "summary.md").read_text()
