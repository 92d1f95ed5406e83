"""Writing everything that a finished run leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.measure.bulk import lasting
from harness.report.files import make_folder
from harness.report.histograms import write_histograms
from harness.report.inputs import ReportInputs
from harness.report.job_summary import append_to_job_summary
from harness.report.markdown import MARKDOWN_NAME
from harness.report.parquet import PARQUET_NAME, write_files
from harness.report.rerender import rerender
from harness.report.series import write_series
from harness.report.summary import build_summary, write_summary


def write_reports(out_dir: Path, inputs: ReportInputs) -> dict[str, Any]:
    """Write `summary.json`, `files.parquet`, `series.json` and all renderings; return the summary.

    The evidence comes first, so that it is there even when a later step fails. In a GitHub workflow the
    Markdown is appended to the job's summary as well.

    :param out_dir: the run folder, made when missing
    :raises ReportError: the inputs contradict each other (see `summary.invalid.json`), or writing failed
    :raises DiskFullError: no room left
    """
    with lasting():
        return _write(out_dir, inputs)


def _write(out_dir: Path, inputs: ReportInputs) -> dict[str, Any]:
    make_folder(out_dir)
    write_files(out_dir / PARQUET_NAME, inputs.settlement.records)
    write_histograms(out_dir)
    write_series(out_dir, inputs)
    summary = build_summary(inputs)
    write_summary(out_dir, summary)
    rerender(out_dir)
    append_to_job_summary((out_dir / MARKDOWN_NAME).read_text(encoding="utf-8"))
    return summary
