"""Locust's web UI, extended the way Locust provides for: a tab with a table, and routes of a blueprint.

https://docs.locust.io/en/stable/extending-locust.html#extending-web-ui

What the tab shows comes from `live.json` beside the ledger, which the run writes while it follows the files;
nothing about the pipeline is known here. The schedule decides when files come: the UI's start button has
nothing to start, and its stop button ends the load as Ctrl-C does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request
from gevent.event import Event as Flag
from locust.env import Environment
from prometheus_client import CollectorRegistry

from harness.files import read_json, replace_json
from harness.load.beside_ledger import LIVE_FILE, WEB_FILE
from harness.load.config import WebUiConfig
from harness.load.web import serving
from harness.load.web.guard import refusal
from harness.load.web.metrics import Live, RunCollector, answer
from harness.load.web.pages import TAB, TAB_SCRIPT, charts_page, tab_script, tabs, with_script
from harness.load.web.ports import address, free_port, require_free

_LOOK_S = 0.5
_SCHEDULED = "The schedule of the scenario decides: there is nothing to start here."
_STOPPING = "No more files are offered; running uploads may finish."


class WebUi:
    """The web UI of one load process.

    :param stop: ends the load early
    :raises PortInUseError: the port is taken
    :raises UsageError: the address is none of this machine
    """

    def __init__(
        self, environment: Environment, config: WebUiConfig, folder: Path, stop: Callable[[], None]
    ) -> None:
        self._folder, self._stop, self._leaving = folder, stop, Flag()
        self._stopped = False
        self._parent = os.getppid()
        self._port = config.port or free_port(config.host)
        require_free(config.host, self._port)
        self._host = config.host
        self._ui = environment.create_web_ui(config.host, self._port, delayed_start=True)
        self._ui.template_args |= tabs()
        self._extend()

    def start(self) -> None:
        """Serve; `web.json` tells where. Raises `PortInUseError`."""
        serving.start(self._ui)
        replace_json(self._folder / WEB_FILE, {"url": address(self._host, self._port)})

    def leave(self) -> None:
        """Let `linger` return."""
        self._leaving.set()

    def linger(self) -> None:
        """Go on serving after the load, while its files are settled: until told to leave, or orphaned."""
        while not self._leaving.is_set() and os.getppid() == self._parent:
            self._leaving.wait(_LOOK_S)
        self._ui.stop()

    def _extend(self) -> None:
        blueprint = Blueprint("floodgate", __name__, url_prefix="/floodgate")
        blueprint.add_url_rule("/", view_func=self._ui.auth_required_if_enabled(charts_page), endpoint="page")
        blueprint.add_url_rule(
            "/live", view_func=self._ui.auth_required_if_enabled(self._live), endpoint="live"
        )
        blueprint.add_url_rule("/tab.js", view_func=tab_script, endpoint="tab")
        self._ui.app.register_blueprint(blueprint)
        scraped = CollectorRegistry(auto_describe=False)
        scraped.register(RunCollector(self._figures))
        self._ui.app.add_url_rule("/metrics", "metrics", lambda: answer(scraped))
        self._ui.app.before_request(self._before)
        self._ui.app.after_request(self._after)

    def _before(self) -> Response | None:
        """Answer in Locust's place what would start, stop or change users, and what comes from elsewhere."""
        if reason := refusal(request.method, request.headers, self._host):
            return Response(f"Refused: {reason}.\n", status=403, mimetype="text/plain")
        if request.endpoint in ("locust.swarm", "locust.update_user"):
            return jsonify({"success": False, "message": _SCHEDULED})
        if request.endpoint == "locust.stop":
            if not self._stopped:  # a second time would cut off the uploads that this answer lets finish
                self._stopped = True
                self._stop()
            return jsonify({"success": True, "message": _STOPPING})
        return None

    def _after(self, response: Response) -> Response:
        if request.path == "/stats/requests" and response.is_json:
            content: dict[str, Any] = response.get_json()
            content["extended_stats"] = [{"key": TAB, "data": self._state()["rows"]}]
            # The page stops asking once Locust's users are gone, which is not the end of the files.
            content["state"] = "running"
            response.set_data(json.dumps(content))
        elif request.path == "/" and response.mimetype == "text/html":
            page = with_script(response.get_data(as_text=True), TAB_SCRIPT)
            # The page would offer its start form as long as workers are waited for.
            response.set_data(page.replace('"state": "ready"', '"state": "running"'))
        return response

    def _live(self) -> Response:
        return jsonify(self._state())

    def _figures(self) -> tuple[Live, bool] | None:
        live = self._state().get("metrics")
        return None if live is None else (live, True)

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] | None = read_json(self._folder / LIVE_FILE)
        return found or {"rows": [], "figures": "", "style": "", "text": "starting"}
