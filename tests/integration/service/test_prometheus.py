"""A real Prometheus scrapes a run's figures and answers what the dashboard asks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest, start_http_server

from harness.load.web.metrics import RunCollector
from harness.service.metrics import registry_of
from harness.service.request import RunRequest
from tests.e2e.floodgate import eventually
from tests.missing import skip_unless_ci
from tests.unit.service.live import figures
from tests.unit.service.stand_ins import Beginner, end, runs, write
from tests.unit.service.test_metrics import DASHBOARD, MONITORING

pytestmark = pytest.mark.integration

CONFIG = MONITORING / "prometheus"
MISSING = "Prometheus is missing; on Debian and Ubuntu: apt-get install prometheus"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        skip_unless_ci(MISSING)
    return found


@dataclass
class Prometheus:
    """A server of the test's own, with our rules."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, path: str, **query: str) -> Any:
        """Return `data` of an answer of the API; `None` while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}") as found:
                return json.loads(found.read())["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # not ready yet
                return None
            raise AssertionError(f"{query}: {error.read().decode()}") from error
        except (urllib.error.URLError, ConnectionError):
            assert self.process.poll() is None, self.log.read_text()
            return None

    def values(self, expression: str) -> list[float]:
        """Return the values that an expression has now."""
        found = self.ask("/api/v1/query", query=expression) or {"result": []}
        return [float(each["value"][1]) for each in found["result"]]


@dataclass
class Growing:
    """Figures of a run that goes on: more files at each look."""

    files: int = 20
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Any:
        with self.lock:
            self.files += 10
            return figures(self.files), True


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of something that tells what a service tells."""
    found = runs(tmp_path_factory.mktemp("reports"), Beginner())
    end(found.start(RunRequest(scenario="smoke")))
    write(found.start(RunRequest(scenario="mine")), "not-live.json", {})
    registry: CollectorRegistry = registry_of(found, lambda: 2)
    registry.register(RunCollector(Growing().look))
    server: WSGIServer
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def prometheus(target: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus with our configuration, but for the target and the time between two looks."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load((CONFIG / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{target}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(CONFIG / "rules.yml", folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield Prometheus(f"http://127.0.0.1:{port}", process, folder / "log")
    finally:
        process.terminate()
        process.wait(30)


def test_promtool_finds_nothing_wrong() -> None:
    checked = subprocess.run(
        [program("promtool"), "check", "config", str(CONFIG / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "rules found" in checked.stdout


def test_promtool_finds_nothing_wrong_with_names_and_help(tmp_path: Path) -> None:
    registry = registry_of(runs(tmp_path, Beginner()), lambda: 2)
    registry.register(RunCollector(lambda: (figures(), True)))
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_every_panel_of_the_dashboard_has_an_answer(prometheus: Prometheus) -> None:
    rate = 'rate(floodgate_files_delivered_total{job="floodgate"}[1m])'
    eventually(lambda: prometheus.values(rate), "two looks at the target")
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for asked in panel.get("targets", ()):
            expression = asked["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            found = prometheus.values(expression)
            assert found, f"{panel['title']}: {expression}"


def test_rules_record_and_alert(prometheus: Prometheus) -> None:
    recorded = "floodgate:engine_cpu_seconds_per_file:rate1m"
    (cost_s,) = eventually(lambda: prometheus.values(recorded), "the engine's CPU time per file")
    assert cost_s == pytest.approx(0.1)

    def alerts() -> dict[str, str]:
        found = prometheus.ask("/api/v1/alerts") or {"alerts": []}
        return {alert["labels"]["alertname"]: alert["state"] for alert in found["alerts"]}

    eventually(lambda: {"FloodgateFilesFail", "FloodgateDeadLetters"} <= alerts().keys(), "alerts")
