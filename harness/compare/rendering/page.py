"""`compare.html` and `compare.json`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.compare.comparison import Comparison, as_data
from harness.compare.rendering import curves, intervals, overlay, words
from harness.report.files import make_folder, write_text
from harness.report.html import HTML_NAME as RUN_PAGE
from harness.report.html import asset, environment, policy
from harness.report.page import embedded_json
from harness.report.stages import END_TO_END, STAGES

PAGE_NAME = "compare.html"
JSON_NAME = "compare.json"
_PACKAGE = "harness.compare"
_VERDICT_STYLES = {"Regression": "failed", "Cannot tell": "inconclusive", "No regression": "passed"}


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write the page and the data into a folder, and return the page. What was there is replaced.

    :raises ReportError: a file cannot be written
    """
    make_folder(folder)
    write_text(folder / JSON_NAME, json.dumps(as_data(comparison), indent=2) + "\n")
    return write_text(folder / PAGE_NAME, render_html(comparison, folder))


def render_html(comparison: Comparison, folder: Path) -> str:
    """Return the page as it lies in `folder`, self-contained and readable without JavaScript."""
    style, script = asset("report.css") + asset("compare.css", _PACKAGE), asset("report.js")
    template = environment(_PACKAGE).get_template("compare.html.j2")
    return template.render(
        _context(comparison, folder), style=style, script=script, policy=policy(style, script)
    )


def _context(comparison: Comparison, folder: Path) -> dict[str, Any]:
    over_time = overlay.charts(comparison)
    known = [each for each in comparison.changes if each.base is not None or each.new is not None]
    headline = words.headline(comparison)
    return {
        "comparison": comparison,
        "headline": headline,
        "verdict_style": _VERDICT_STYLES[headline],
        "sentences": words.sentences(comparison),
        "method": words.method(comparison),
        "judged": [each for each in comparison.changes if each.figure.judged],
        "others": [each for each in known if not each.figure.judged],
        "words": words,
        "ends": [each for each in comparison.outcomes if each.base or each.new],
        "no_such_ends": words.absent_ends(comparison),
        "factors": intervals.draw(known, comparison.tolerance),
        "distributions": list(_distributions(comparison)),
        "charts": over_time,
        "read_outs": embedded_json({name: chart.read_out() for name, chart in over_time.items()}),
        "links": {run.run_id: _link(run.folder, folder) for run in [*comparison.base, *comparison.new]},
    }


def _distributions(comparison: Comparison) -> list[tuple[str, str, Any]]:
    """Return name, label and drawing of each stage of which both sides have histograms."""
    drawn = []
    for stage in (END_TO_END, *(stage for stage in STAGES if stage is not END_TO_END)):
        found = [
            curves.curve("Base", "side-base", comparison.base, stage.name),
            curves.curve("New", "side-new", comparison.new, stage.name),
        ]
        both = [each for each in found if each is not None]
        if len(both) == len(found):
            drawn.append((stage.name, stage.label, curves.draw(both, f"{stage.label} by percentile")))
    return drawn


def _link(run_dir: Path, folder: Path) -> str:
    """Return the way from one folder to a run's page, so that both can be moved together."""
    way = os.path.relpath(run_dir.resolve() / RUN_PAGE, folder.resolve())
    return quote(Path(way).as_posix())
