"""`floodgate serve` in a real Chromium: runs are started from the page, followed, stopped, and reported.

Everything is the real thing: the service, a load worker that stays, the stack, and the runs.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.floodgate import Command, Floodgate, eventually

pytestmark = pytest.mark.browser

WAIT_S = 90
TOKEN = "a token for tests only, long enough"
BUTTON = """
return [...document.querySelectorAll("button")]
  .find((found) => found.textContent.trim().toLowerCase() === arguments[0])
"""
TEXTS = "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)"


@dataclass
class Service:
    """A service on a stack that is up, and the worker that works for it."""

    url: str
    serving: Command
    worker: Command
    reports: Path

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}") as found:
            text: str = found.read().decode()
            return text

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def start(self, **wanted: Any) -> str:
        """Start a run over HTTP and return its name."""
        request = urllib.request.Request(
            f"{self.url}/floodgate/runs",
            json.dumps(wanted).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as found:
            name: str = json.loads(found.read())["run"]
            return name


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    floodgate = Floodgate(tmp_path_factory.mktemp("service") / "state")
    reports = floodgate.state_home.parent / "reports"
    try:
        floodgate.state_home.mkdir()
        up = floodgate.start("up", "--name", "kept", "--customers", "3")
        serving = floodgate.start(
            *("serve", "--name=kept", "--web-port=0", "--master-bind-port=0", "--run-port=0"),
            *("--reports", str(reports)),
            FLOODGATE_WORKER_TOKEN=TOKEN,
        )
        eventually(lambda: "web UI: " in serving.err, "the service")
        told = dict(line.split(": ", 1) for line in serving.err.splitlines())
        port = told["load workers"].rpartition(":")[2]
        worker = floodgate.start("serve", "--worker", "--master-port", port, FLOODGATE_WORKER_TOKEN=TOKEN)
        assert up.finish().code == 0, up.err
        found = Service(told["web UI"].rstrip("/"), serving, worker, reports)
        eventually(lambda: found.json("/floodgate/health")["workers"] == 1, "the worker")
        yield found
        worker.interrupt()
        serving.interrupt()
        assert (worker.finish().code, serving.finish().code) == (0, 0)
    finally:
        floodgate.clear()


def waited(browser: WebDriver, condition: Any, what: str) -> Any:
    return WebDriverWait(browser, WAIT_S).until(lambda _browser: condition(), message=what)


def press(browser: WebDriver, name: str) -> None:
    waited(browser, lambda: browser.execute_script(BUTTON, name), f"the button {name}").click()


def cells(browser: WebDriver) -> list[str]:
    found: list[str] = browser.execute_script(TEXTS, "table td")
    return found


def verdict(browser: WebDriver) -> str | None:
    """Return what the table of the tab says."""
    shown = cells(browser)
    return shown[shown.index("Verdict") + 1] if "Verdict" in shown else None


def errors(browser: WebDriver) -> list[str]:
    log: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[attr-defined]  # Chromium has it
    return [entry["message"] for entry in log if entry["level"] == "SEVERE"]


def test_start_runs_the_scenario_and_the_verdict_and_the_report_are_there(
    browser: WebDriver, service: Service
) -> None:
    errors(browser)
    size = {"width": 1300, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(service.url)
    fields = waited(
        browser,
        lambda: [f for f in browser.find_elements(By.CSS_SELECTOR, "form [name]") if f.is_displayed()],
        "the form",
    )
    assert {field.get_attribute("name") for field in fields} == {
        *("scenario", "minutes", "files", "rate", "seed")
    }
    press(browser, "start")
    waited(browser, lambda: verdict(browser) == "passed", "the verdict")
    (run,) = service.json("/floodgate/runs")["runs"]
    assert (run["verdict"], run["workers"], run["says"]) == ("passed", 1, "20 of 20 offered files delivered")
    browser.switch_to.frame(browser.find_element(By.ID, "floodgate-charts"))
    waited(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#runs a"), "the link to the report")
    link = browser.find_element(By.CSS_SELECTOR, f"#runs [data-run='{run['run']}'] a")
    report = link.get_attribute("href")
    browser.switch_to.default_content()
    assert errors(browser) == []
    assert report is not None
    browser.get(report)
    assert browser.find_element(By.ID, "verdict-word").get_attribute("data-verdict") == "passed"
    assert json.loads((service.reports / run["run"] / "summary.json").read_text())["verdict"] == "passed"


def test_a_page_that_waits_follows_the_next_run_and_its_stop_button_ends_it(
    browser: WebDriver, service: Service
) -> None:
    browser.get(service.url)
    waited(browser, lambda: not browser.execute_script(BUTTON, "stop") and cells(browser), "the last run")
    name = service.start(scenario="million-a-day", minutes=5)
    waited(browser, lambda: name in cells(browser), "the run that was started elsewhere")
    eventually(
        lambda: any(
            line.startswith("floodgate_files_delivered_total") and float(line.split()[1]) > 5
            for line in service.get("/metrics").splitlines()
        ),
        "files that were delivered, in the metrics",
    )
    eventually(
        lambda: any(
            found["name"] == "upload" and found["num_requests"] > 0
            for found in service.json("/stats/requests")["stats"]
        ),
        "Locust's own count of the uploads",
    )
    press(browser, "stop")
    waited(browser, lambda: verdict(browser) not in (None, "running"), "the end of the run")
    run = service.json(f"/floodgate/runs/{name}")
    assert run["state"] == "ended"
    summary = json.loads((service.reports / name / "summary.json").read_text())
    files = summary["files"]
    assert run["verdict"] == summary["verdict"]
    assert files["lost"] == files["duplicated"] == files["corrupted"] == 0
    assert 5 < files["delivered"] == files["uploaded"]


def test_charts_go_on_when_a_service_that_was_away_answers_again(
    browser: WebDriver, service: Service
) -> None:
    browser.get(f"{service.url}/floodgate/")
    now = browser.find_element(By.ID, "now")
    waited(browser, lambda: "Load workers that wait" in now.text, "the state of the service")
    browser.execute_script("window.real = window.fetch; window.fetch = () => Promise.reject('away')")
    waited(browser, lambda: "has ended" in now.text, "that nobody answers")
    browser.execute_script("window.fetch = window.real")
    waited(browser, lambda: "Load workers that wait" in now.text, "the state of the service again")
