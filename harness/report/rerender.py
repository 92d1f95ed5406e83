"""Rendering a run folder, at its end or again later (`floodgate report DIR`)."""

from __future__ import annotations

from pathlib import Path

from harness.report.aggregates import read_aggregates
from harness.report.files import write_text
from harness.report.html import HTML_NAME, render_html
from harness.report.junit import JUNIT_NAME, render_junit
from harness.report.markdown import MARKDOWN_NAME, render_markdown
from harness.report.page import RunData
from harness.report.series import read_samples, read_series
from harness.report.summary import read_summary


def rerender(run_dir: Path) -> list[Path]:
    """Render `report.html`, `summary.md` and `junit.xml` from what the run folder holds.

    Without `series.json` or `files.parquet` the page says which parts are missing.

    :returns: the files written
    :raises ReportError: the folder holds no valid summary, or a file cannot be read or written
    :raises DiskFullError: no room left
    """
    data = read_run(run_dir)
    return [
        write_text(run_dir / HTML_NAME, render_html(data)),
        write_text(run_dir / MARKDOWN_NAME, render_markdown(data.summary)),
        write_text(run_dir / JUNIT_NAME, render_junit(data.summary)),
    ]


def read_run(run_dir: Path) -> RunData:
    """Read a run folder."""
    timeline, samples = read_series(run_dir)
    return RunData(read_summary(run_dir), timeline, samples, read_aggregates(run_dir), read_samples(run_dir))
