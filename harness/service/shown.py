"""What the page shows of the runs."""

from __future__ import annotations

from typing import Any

from harness.report import live as figures
from harness.service.one_run import OneRun
from harness.service.runs import Runs

_NOTHING: dict[str, Any] = {"text": "No run since the service began", "figures": "", "style": "", "rows": []}


def rows(run: OneRun | None) -> list[dict[str, str]]:
    """Return the table of the tab: how the run is or was, above the state of the pipeline."""
    if run is None:
        return []
    live = run.live() or _NOTHING
    about = [("Run", run.name), ("Verdict", _verdict(run)), ("Last said", run.says())]
    pipeline: list[dict[str, str]] = live["rows"]
    return [*({"what": what, "value": value} for what, value in about), *pipeline]


def charts(runs: Runs, workers: int) -> dict[str, Any]:
    """Return what the page of the charts shows: the latest run, and the list of all."""
    latest = runs.latest
    live = (latest.live() if latest else None) or _NOTHING
    text = f"{latest.name}: {_verdict(latest)}. {latest.says()}" if latest else live["text"]
    if latest is None or not latest.goes_on:
        text = f"{text}. Load workers that wait: {workers}."
    return {**live, "text": text, "style": figures.style(), "runs": [run.to_json() for run in runs.all()]}


def log(run: OneRun | None) -> list[str]:
    """Return what the run said."""
    return [] if run is None else list(run.lines)


def _verdict(run: OneRun) -> str:
    if run.goes_on:
        return "running"
    return (run.verdict or "no report").replace("_", " ")
