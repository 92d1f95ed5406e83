"""Locust's own numbers of a run: asked from the web UI that the run itself has, on this machine only.

What was answered last is kept, so that the page still shows it when the run has ended.
"""

from __future__ import annotations

from flask import Response, request

from harness.service.one_run import OneRun
from harness.service.own_ui import asked

RELAYED = frozenset(
    f"locust.{view}"
    for view in (
        "request_stats",
        "exceptions",
        "tasks",
        "stats_report",
        "request_stats_csv",
        "failures_stats_csv",
        "exceptions_csv",
        "get_worker_count",
    )
)
"""Views of Locust that are answered by the run's UI."""


class Relay:
    """Passes questions on to the run that goes on."""

    def __init__(self) -> None:
        self._answers: dict[str, Response] = {}
        self._run: OneRun | None = None

    def answer(self, run: OneRun | None) -> Response | None:
        """Return the answer to the current request; `None` where Locust's own, which is empty, will do."""
        if run is not self._run:
            self._run, self._answers = run, {}
        if run is None:
            return None
        path = request.full_path.rstrip("?")
        if (address := run.web_address()) is not None and (found := asked(f"{address}{path}")) is not None:
            self._answers[path] = found
        return self._copy(path)

    def _copy(self, path: str) -> Response | None:
        kept = self._answers.get(path)
        if kept is None:
            return None
        return Response(kept.get_data(), status=kept.status_code, headers=dict(kept.headers))
