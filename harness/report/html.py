"""`report.html`: one self-contained page, readable without JavaScript and without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from harness.report import text
from harness.report.headline import VERDICT_WORDS, sentences

HTML_NAME = "report.html"


def render_html(summary: Mapping[str, Any]) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["printable"] = text.printable
    page = environment.get_template("report.html.j2")
    return page.render(
        summary=summary, verdict=VERDICT_WORDS[summary["verdict"]], sentences=sentences(summary)
    )
