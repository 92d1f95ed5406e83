"""Locust's web UI with a form that starts runs of ours.

Its form, its stop button and its tables stay Locust's; what they ask for is answered here: by the run's own
web UI where that has the numbers, and by the files that a run leaves where the pipeline is meant.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import locust
from flask import Blueprint, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.shape import LoadTestShape

from harness.exceptions import FloodgateError
from harness.load.web import serving
from harness.load.web.guard import refusal
from harness.load.web.metrics import answer
from harness.load.web.pages import TAB, TAB_SCRIPT, asset, charts_page, tab_script, tabs, with_script
from harness.load.web.ports import address, free_port, require_free
from harness.service import request as requests
from harness.service import shown
from harness.service.api import api
from harness.service.config import ServiceConfig
from harness.service.metrics import registry_of
from harness.service.relay import RELAYED, Relay
from harness.service.runs import Runs

_STOPPING = "No more files are offered; running uploads may finish, and all files are settled."
_NO_USERS = "The schedule of the scenario decides."
_SCRIPT = "floodgate/service.js"


class _Scheduled(LoadTestShape):  # type: ignore[misc]  # Locust has no types here
    """Tells Locust's form that the number of users is nothing to ask for."""

    def tick(self) -> None:
        """Nothing is ever started by it."""


class ServiceUi:
    """The web UI of the service.

    :param workers: how many load workers are there
    :raises PortInUseError: the port is taken
    :raises UsageError: the address is none of this machine
    """

    def __init__(self, config: ServiceConfig, runs: Runs, workers: Callable[[], int]) -> None:
        self._config, self._runs, self._relay = config, runs, Relay()
        self._workers = workers
        self._port = config.web_port or free_port(config.web_host)
        require_free(config.web_host, self._port)
        locust.events.init_command_line_parser.add_listener(self._add_fields)
        environment = Environment(user_classes=[], events=locust.events, shape_class=_Scheduled())
        environment.host = f"stack {config.stack}" if config.stack else "a stack for each run"
        environment.create_local_runner()
        self._ui = environment.create_web_ui(config.web_host, self._port, delayed_start=True)
        self._ui.template_args |= tabs()
        self._ui.app.debug = False
        self._ui.app.json.sort_keys = False  # the form's fields in our order
        self._ui.app.register_blueprint(self._pages())
        self._ui.app.register_blueprint(api(config, runs, workers))
        scraped = registry_of(runs, workers)
        self._ui.app.add_url_rule("/metrics", "metrics", lambda: answer(scraped))
        self._ui.app.before_request(self._before)
        self._ui.app.after_request(self._after)

    @property
    def url(self) -> str:
        return address(self._config.web_host, self._port)

    def start(self) -> None:
        """Serve; raises `PortInUseError`."""
        serving.start(self._ui)

    def stop(self) -> None:
        self._ui.stop()

    def _add_fields(self, parser: LocustArgumentParser) -> None:
        """Locust's form shows what its command line takes."""
        names = list(self._config.scenarios)
        shown_first = "smoke" if "smoke" in names else names[0]
        parser.add_argument("--scenario", choices=names, default=shown_first, help="what is offered")
        parser.add_argument("--minutes", default="", help="how long files are offered; empty: the scenario's")
        parser.add_argument("--files", default="", help="how many are offered; in place of minutes")
        parser.add_argument("--rate", default="", help="files per second; empty: the scenario's")
        parser.add_argument("--seed", default="1", help="same seed, same arrivals, sizes and contents")

    def _pages(self) -> Blueprint:
        blueprint = Blueprint("floodgate", __name__, url_prefix="/floodgate")
        blueprint.add_url_rule("/", view_func=charts_page, endpoint="page")
        blueprint.add_url_rule("/tab.js", view_func=tab_script, endpoint="tab")
        blueprint.add_url_rule("/service.js", view_func=_service_script, endpoint="script")
        blueprint.add_url_rule("/live", view_func=self._live, endpoint="live")
        return blueprint

    def _before(self) -> ResponseReturnValue | None:
        config = self._config
        if reason := refusal(request.method, request.headers, config.web_host, config.names):
            return Response(f"Refused: {reason}.\n", status=403, mimetype="text/plain")
        match request.endpoint:
            case "locust.index" if "tab" not in request.args:
                return redirect(f"?tab={TAB}")
            case "locust.swarm":
                return self._swarm()
            case "locust.stop":
                self._runs.stop()
                return jsonify({"success": True, "message": _STOPPING})
            case "locust.update_user" | "locust.reset_stats":
                return jsonify({"success": False, "message": _NO_USERS})
            case "locust.logs":
                return jsonify({"master": shown.log(self._runs.latest), "workers": {}})
            case endpoint if endpoint in RELAYED:
                return self._relay.answer(self._runs.latest)
        return None

    def _swarm(self) -> Response:
        """Start what the form asks for; Locust's page shows why it could not be."""
        try:
            wanted = requests.from_form(request.form, self._config.scenarios)
            run = self._runs.start(wanted)
        except FloodgateError as error:
            return jsonify({"success": False, "message": f"{error.message}."})
        return jsonify({"success": True, "message": f"{run.name} is started", "host": run.name})

    def _after(self, response: Response) -> Response:
        if request.path == "/stats/requests" and response.is_json:
            content: dict[str, Any] = json.loads(response.get_data())
            content["extended_stats"] = [{"key": TAB, "data": shown.rows(self._runs.latest)}]
            content["state"] = self._state()
            response.set_data(json.dumps(content))
        elif request.path == "/" and response.mimetype == "text/html":
            page = with_script(with_script(response.get_data(as_text=True), TAB_SCRIPT), _SCRIPT)
            response.set_data(page.replace('"state": "ready"', f'"state": "{self._state()}"'))
        return response

    def _state(self) -> str:
        """Return the state that Locust's page is to show."""
        if self._runs.latest is None:
            return "ready"
        return "running" if self._runs.latest.goes_on else "stopped"

    def _live(self) -> Response:
        return jsonify(shown.charts(self._runs, self._workers()))


def _service_script() -> Response:
    return Response(asset("harness.service.pages", "service.js"), mimetype="application/javascript")
