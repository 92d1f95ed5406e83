"""Charts of a run that is still going on, for a page that shows them as they grow."""

from __future__ import annotations

from dataclasses import replace

from harness.measure.results import Timeline
from harness.report import overtime
from harness.report.html import asset, environment


def style() -> str:
    """Return the style sheet that the figures need."""
    return asset("report.css")


def figures(timeline: Timeline) -> str:
    """Return the charts as HTML: rates and backlog so far, over the same time."""
    charts = [overtime.rate_chart(timeline), overtime.backlog_chart(timeline)]
    shown = [chart for chart in charts if chart.has_data]
    span_s = max((chart.span_s for chart in shown), default=1.0)
    named = {chart.name: replace(chart, span_s=span_s) for chart in shown}
    return environment().get_template("live.html.j2").render(charts=named)
