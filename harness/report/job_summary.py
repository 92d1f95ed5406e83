"""GitHub's job summary: what a step shows on the page of its workflow run.

GitHub refuses the whole summary of a step that is larger than 1 MiB, other tools' part included:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.report.files import append_text

VARIABLE = "GITHUB_STEP_SUMMARY"
LIMIT_BYTES = 1024 * 1024


def append_to_job_summary(markdown: str) -> None:
    """Append to the summary of the step that runs this, if there is one; its first line where not all fits.

    Several runs of one step append one after the other.

    :raises ReportError: the file cannot be written
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return
    path = Path(named)
    room = LIMIT_BYTES - (path.stat().st_size if path.exists() else 0)
    headline = markdown.split("\n", 1)[0] + "\n\nThe rest is in summary.md: the job summary is full.\n"
    for content in (markdown, headline):
        if len(content.encode("utf-8", "backslashreplace")) <= room:
            append_text(path, content)
            return
