"""What is added to Locust's page: the tab of the pipeline, and the charts below its table."""

from __future__ import annotations

from importlib import resources
from typing import Any

from flask import Response

TAB = "pipeline"
TAB_SCRIPT = "floodgate/tab.js"


def tabs() -> dict[str, Any]:
    """Return Locust's template arguments for a tab with a table."""
    columns = [{"key": "what", "title": "The pipeline"}, {"key": "value", "title": "Now"}]
    return {
        "extended_tabs": [{"title": "Pipeline", "key": TAB}],
        "extended_tables": [{"key": TAB, "structure": columns}],
    }


def with_script(page: str, source: str) -> str:
    """Return the page with a script of ours at its end."""
    return page.replace("</body>", f'<script src="{source}"></script></body>')


def charts_page() -> Response:
    """Answer with the page of the charts, which asks for `live` beside it."""
    return Response(asset("harness.load.web", "live.html"), mimetype="text/html")


def tab_script() -> Response:
    """Answer with the script that shows the charts below the tab's table."""
    return Response(asset("harness.load.web", "tab.js"), mimetype="application/javascript")


def asset(package: str, name: str) -> str:
    """Return a text file that lies in a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
