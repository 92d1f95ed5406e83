"""Locust's web UI of a load that follows a schedule, with the pipeline as a tab, in a real Chromium.

The load process is the real one, on a server that keeps nothing; what the run would tell of the pipeline is
written by the test.
"""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from harness.measure.results import Timeline
from harness.report import live
from tests.integration.load.conftest import Bench, Load
from tests.integration.load.distributed import wait_for
from tests.unit.service.live import figures

pytestmark = pytest.mark.browser

WAIT_S = 30
TIMELINE = Timeline(
    start_at=0.0,
    interval_s=1.0,
    offered=[10, 12, 11, 12],
    uploaded=[9, 12, 12, 11],
    delivered=[0, 8, 12, 13],
    failed=[0, 0, 0, 0],
    backlog=[9, 13, 13, 11],
)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """A load of some minutes that offers a file a second, with its web UI."""
    bench = Bench(tmp_path)
    scenario = bench.scenario("rate_per_s=5.0, minutes=5.0")
    try:
        load = bench.load(bench.server(), scenario, web_ui={"host": "127.0.0.1", "port": 0})
        wait_for((load.ledger_file.parent / "web.json").exists, load)
        yield load
    finally:
        bench.stop_all()


def tell(load: Load, delivered: int) -> None:
    """Write what a run writes about its pipeline."""
    told = {
        "text": "0:04  offered 45",
        "rows": [{"what": "Delivered", "value": f"{delivered:,}"}, {"what": "Backlog", "value": "11"}],
        "figures": live.figures(TIMELINE),
        "style": live.style(),
        "metrics": figures(20),
    }
    half = load.ledger_file.parent / "live.new"
    half.write_text(json.dumps(told))
    half.replace(load.ledger_file.parent / "live.json")


def url(load: Load) -> str:
    found: str = json.loads((load.ledger_file.parent / "web.json").read_text())["url"]
    return found


def asked(load: Load, path: str, method: str = "GET", **headers: str) -> int:
    """Ask as somebody else than the page would, and return the status."""
    connection = http.client.HTTPConnection(urlsplit(url(load)).netloc, timeout=WAIT_S)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    connection.close()
    return response.status


def cells(browser: WebDriver) -> list[str]:
    return texts(browser, "table td")


def texts(browser: WebDriver, selector: str) -> list[str]:
    """Read at once what the page may replace at any time."""
    script = "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)"
    found: list[str] = browser.execute_script(script, selector)
    return found


def waited(browser: WebDriver, condition: Any, what: str) -> None:
    WebDriverWait(browser, WAIT_S).until(lambda _browser: condition(), message=what)


def wide(browser: WebDriver) -> None:
    """Give the page a desk's width: Locust's buttons are in a menu elsewhere."""
    size = {"width": 1300, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def errors(browser: WebDriver) -> list[str]:
    log: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[attr-defined]  # Chromium has it
    return [entry["message"] for entry in log if entry["level"] == "SEVERE"]


def test_the_pipeline_is_a_tab_with_live_numbers_and_charts(browser: WebDriver, load: Load):
    tell(load, 1033)
    errors(browser)
    wide(browser)
    browser.get(f"{url(load)}/?tab=pipeline")
    waited(browser, lambda: cells(browser) == ["Delivered", "1,033", "Backlog", "11"], "the table")
    tell(load, 1034)
    waited(browser, lambda: "1,034" in cells(browser), "newer numbers without a reload")
    browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, ".MuiContainer-root #floodgate-charts"))
    titles = ["Offered, uploaded and delivered over time", "Backlog over time"]
    waited(browser, lambda: texts(browser, "figure h3") == titles, "both charts")
    height = "return document.querySelector('#chart-rates .plot polyline').getBoundingClientRect().height"
    assert browser.execute_script(height) > 0
    browser.switch_to.default_content()
    assert errors(browser) == []
    with urllib.request.urlopen(f"{url(load)}/metrics") as scraped:
        assert b"floodgate_files_offered_total 20.0" in scraped.read()


def test_locusts_own_tab_counts_the_uploads_and_stop_ends_the_load(browser: WebDriver, load: Load):
    tell(load, 1)
    wide(browser)
    browser.get(url(load))
    waited(browser, lambda: "upload" in cells(browser), "the statistics of uploads")
    assert not browser.find_elements(By.ID, "floodgate-charts")
    stop = "return [...document.querySelectorAll('button')].find((b) => /^stop$/i.test(b.textContent.trim()))"
    waited(browser, lambda: browser.execute_script(stop), "the stop button")
    browser.execute_script(stop).click()
    wait_for(lambda: load.lines("end"), load)
    assert load.lines("end")[0]["reason"] == "web_ui"
    assert asked(load, "/metrics") == 200
    assert asked(load, "/metrics", Host="rebound.example") == 403
    assert asked(load, "/stats/requests", Host="rebound.example") == 403
    assert asked(load, "/stop", "POST", Origin="http://elsewhere.example") == 403
    assert load.process.poll() is None, "the page must stay as long as the run wants it"
    load.process.terminate()
    assert load.wait() == 0
