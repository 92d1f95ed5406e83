"""Rendering a run folder, at its end or again later (`floodgate report DIR`)."""

from __future__ import annotations

from pathlib import Path

from harness.report.files import write_text
from harness.report.html import HTML_NAME, render_html
from harness.report.junit import JUNIT_NAME, render_junit
from harness.report.markdown import MARKDOWN_NAME, render_markdown
from harness.report.summary import read_summary


def rerender(run_dir: Path) -> list[Path]:
    """Render `report.html`, `summary.md` and `junit.xml` from what the run folder holds.

    :returns: the files written
    :raises ReportError: the folder holds no valid summary, or a file cannot be read or written
    """
    summary = read_summary(run_dir)
    return [
        write_text(run_dir / HTML_NAME, render_html(summary)),
        write_text(run_dir / MARKDOWN_NAME, render_markdown(summary)),
        write_text(run_dir / JUNIT_NAME, render_junit(summary)),
    ]
