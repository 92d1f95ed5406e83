"""Locust's own numbers of a run: asked from the web UI that the run itself has, on this machine only.

What was answered last is kept, so that the page still shows it when the run has ended.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from flask import Response, request

from harness.service.one_run import OneRun

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
_TIMEOUT_S = 5.0
_HEADERS = ("Content-Type", "Content-Disposition")
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


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
        if (address := run.web_address()) is not None and (found := _asked(f"{address}{path}")) is not None:
            self._answers[path] = found
        return self._copy(path)

    def _copy(self, path: str) -> Response | None:
        kept = self._answers.get(path)
        if kept is None:
            return None
        return Response(kept.get_data(), status=kept.status_code, headers=dict(kept.headers))


def workers_of(stats: dict[str, Any]) -> int:
    """Return how many workers the run's answer tells of."""
    return len(stats.get("workers", ()))


def as_json(response: Response) -> dict[str, Any] | None:
    """Return the content of an answer in JSON."""
    if not response.is_json:
        return None
    content: dict[str, Any] = json.loads(response.get_data())
    return content


def _asked(url: str) -> Response | None:
    try:
        with _NO_PROXY.open(url, timeout=_TIMEOUT_S) as found:
            headers = {name: found.headers[name] for name in _HEADERS if name in found.headers}
            return Response(found.read(), headers=headers)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError):
        return None  # the run is about to end
