"""Starting and following runs over HTTP, and the reports that they left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from harness.exceptions import EnvironmentNotReadyError, FloodgateError, UsageError
from harness.service import request as requests
from harness.service.config import ServiceConfig
from harness.service.runs import BusyError, Runs

_TYPES = {
    "report.html": "text/html",
    "summary.json": "application/json",
    "summary.md": "text/plain",
    "junit.xml": "application/xml",
    "files.parquet": "application/octet-stream",
    "engine.log": "text/plain",
    "sftp.log": "text/plain",
    "console.log": "text/plain",
}
"""What may be asked for of a run's folder; the ledger tells where keys lie."""


def api(config: ServiceConfig, runs: Runs, workers: Callable[[], int]) -> Blueprint:
    """Return the routes below `/floodgate`.

    :param workers: how many load workers are there
    """
    made = Blueprint("api", __name__, url_prefix="/floodgate")

    @made.get("/health")
    def health() -> Response:
        return jsonify({"status": "ok", "running": runs.current is not None, "workers": workers()})

    @made.get("/runs")
    def listed() -> Response:
        return jsonify({"runs": [run.to_json() for run in runs.all()]})

    @made.post("/runs")
    def start() -> ResponseReturnValue:
        try:
            wanted = (
                requests.from_json(_content(), config.scenarios)
                if request.is_json
                else requests.from_form(request.form, config.scenarios)
            )
            return jsonify(runs.start(wanted).to_json()), 202
        except FloodgateError as error:
            return jsonify({"error": error.message, "fix": error.hint}), _status(error)

    @made.get("/runs/<name>")
    def one(name: str) -> ResponseReturnValue:
        run = runs.named(name)
        if run is None:
            return jsonify({"error": f"there is no run {name!r}"}), 404
        return jsonify(run.to_json())

    @made.get("/reports/<name>/<file>")
    def report(name: str, file: str) -> ResponseReturnValue:
        run = runs.named(name)
        if run is None or file not in _TYPES:
            return jsonify({"error": "there is no such file of a run"}), 404
        found = send_from_directory(run.folder, file, mimetype=_TYPES[file])
        found.headers["X-Content-Type-Options"] = "nosniff"
        return found

    return made


def _content() -> Any:
    """Return the request's JSON; raises `UsageError`."""
    try:
        return request.get_json()
    except BadRequest as exc:
        raise UsageError(
            "the request is not JSON", hint='for example {"scenario": "smoke", "minutes": 1}'
        ) from exc


def _status(error: FloodgateError) -> int:
    if isinstance(error, BusyError):
        return 409
    return 503 if isinstance(error, EnvironmentNotReadyError) else 400
