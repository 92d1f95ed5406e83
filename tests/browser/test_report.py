"""`report.html` in a real Chromium: it shows what `summary.json` says and asks nobody for anything."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.pages import CONTRAST, LOWEST_CONTRAST, cdp, open_page

pytestmark = pytest.mark.browser

RUNS = ("passed", "hostile", "one", "empty", "nothing_delivered")


def open_report(
    browser: WebDriver, folder: Path, *, scheme: str = "light", width: int = 1200
) -> dict[str, Any]:
    """Open a run's page and return its summary."""
    return open_page(browser, folder / "report.html", folder / "summary.json", scheme=scheme, width=width)


def shown_value(browser: WebDriver, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, f"{selector} data").get_attribute("value") or ""


@pytest.mark.parametrize("run", RUNS)
def test_no_error_on_the_console(browser, runs, run):
    open_report(browser, runs / run)
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("run", RUNS)
def test_no_request_but_for_the_page_itself(browser, runs, run):
    open_report(browser, runs / run)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requested = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    others = [url for url in requested if not url.startswith("data:")]
    assert others == [(runs / run / "report.html").as_uri()]


@pytest.mark.parametrize("run", RUNS)
def test_numbers_are_those_of_the_summary(browser, runs, run):
    summary = open_report(browser, runs / run)
    assert browser.find_element(By.ID, "verdict-word").get_attribute("data-verdict") == summary["verdict"]
    for name, count in summary["files"].items():
        assert shown_value(browser, f"[data-file={name}]") == str(count)
    for stage, latency in summary["latency_ms"].items():
        row = browser.find_element(By.CSS_SELECTOR, f"[data-stage={stage}]")
        values = [cell.get_attribute("value") for cell in row.find_elements(By.TAG_NAME, "data")]
        if latency["count"]:
            assert [float(value) for value in values] == list(latency.values())
        else:
            assert values == []
            assert "no samples" in row.text


def test_charts_have_lines_that_fill_their_place(browser, runs):
    open_report(browser, runs / "passed")
    for name, lines in (("rates", 3), ("backlog", 1), ("cpu", 4), ("memory", 4)):
        drawn = browser.find_elements(By.CSS_SELECTOR, f"#chart-{name} polyline")
        place = browser.find_element(By.CSS_SELECTOR, f"#chart-{name} .plot").rect
        assert len(drawn) == lines
        for line in drawn:
            assert line.rect["width"] > 0.8 * place["width"]
            assert line.rect["height"] > 0
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart-stages .plot .mark-p99")) == 7
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart-distribution .bar")) > 5
    assert len(browser.find_elements(By.CSS_SELECTOR, ".waterfall li")) == 15


def test_what_was_sampled_is_drawn(browser, runs):
    open_report(browser, runs / "passed")
    sessions = browser.find_element(By.ID, "h-sessions").find_element(By.XPATH, "..")
    assert sessions.find_element(By.CSS_SELECTOR, "#chart-sampled-sessions polyline").rect["width"] > 500
    for name in ("queue-depth", "oldest", "concurrency"):
        (line,) = browser.find_elements(By.CSS_SELECTOR, f"#chart-sampled-{name} polyline")
        place = browser.find_element(By.CSS_SELECTOR, f"#chart-sampled-{name} .plot").rect
        assert line.rect["width"] > 0.8 * place["width"]


def test_latency_over_time_has_its_percentiles_and_every_stage(browser, runs):
    open_report(browser, runs / "passed")
    for name, lines in (("latency", 4), ("stage-latency", 6)):
        drawn = browser.find_elements(By.CSS_SELECTOR, f"#chart-{name} polyline")
        assert len(drawn) == lines
        assert all(line.rect["width"] > 500 and line.rect["height"] > 0 for line in drawn)
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart-stages .hill")) > 50


def test_knee_drift_and_sampling_are_those_of_the_summary(browser, runs):
    summary = open_report(browser, runs / "passed")
    assert shown_value(browser, "#knee-rate") == str(summary["knee"]["sustained_per_s"])
    offered = [each.get_attribute("value") for each in browser.find_elements(By.CSS_SELECTOR, "#knee data")]
    assert [float(value or "nan") for value in offered] == [
        each["rate_per_s"] for each in summary["knee"]["steps"]
    ]
    assert float(shown_value(browser, "#drift")) == summary["drift"]["figures"][0]["slope_per_h"]
    assert f"{summary['sampling']['looks']} looks" in browser.find_element(By.ID, "sampling").text


def test_sections_come_in_the_order_in_which_they_are_asked_for(browser, runs):
    open_report(browser, runs / "passed")
    wanted = [
        "thresholds",
        "ledger",
        "time",
        "latency",
        "failures",
        "slowest",
        "sessions",
        "resources",
        "environment",
    ]
    heads = [head.get_attribute("id") for head in browser.find_elements(By.CSS_SELECTOR, "section > h2")]
    assert heads[0] == "verdict-word"
    assert [head for head in heads if (head or "").removeprefix("h-") in wanted] == [
        f"h-{name}" for name in wanted
    ]


def test_the_pointer_reads_out_the_nearest_point(browser, runs):
    open_report(browser, runs / "passed")
    plot = browser.find_element(By.CSS_SELECTOR, "#chart-rates .plot")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    ActionChains(browser).move_to_element(plot).perform()
    shown = plot.find_element(By.CSS_SELECTOR, "[role=status]").text
    assert "files/s" in shown
    for label in ("Offered", "Uploaded", "Delivered"):
        assert label in shown
    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert plot.find_elements(By.CSS_SELECTOR, "[role=status]") == []


def test_arrow_keys_walk_through_the_points(browser, runs):
    open_report(browser, runs / "passed")
    plot = browser.find_element(By.CSS_SELECTOR, "#chart-backlog .plot")
    read_outs = json.loads(browser.find_element(By.ID, "read-outs").get_attribute("textContent"))
    values = read_outs["backlog"]["lines"][0]["values"]
    for index in range(3):
        plot.send_keys(Keys.ARROW_RIGHT)
        shown = plot.find_element(By.CSS_SELECTOR, "[role=status] div").text
        assert shown.split() == ["Backlog", f"{values[index]:g}"]
    plot.send_keys(Keys.ESCAPE)
    assert plot.find_elements(By.CSS_SELECTOR, "[role=status]") == []


@pytest.mark.parametrize("table", ["latency", "thresholds", "knee", "drift", "resources"])
def test_tables_fit_a_phone(browser, runs, table):
    open_report(browser, runs / "passed", width=375)
    overflow = (
        f"const t = document.getElementById('{table}').parentElement; return t.scrollWidth - t.clientWidth"
    )
    assert browser.execute_script(overflow) == 0


def test_a_hostile_key_is_text(browser, runs):
    summary = open_report(browser, runs / "hostile")
    assert browser.execute_script("return window.hit") is None
    assert browser.find_elements(By.TAG_NAME, "img") == []
    shown = [code.text for code in browser.find_elements(By.CSS_SELECTOR, "#failures li > code")]
    assert shown == [summary["failures"][0]["examples"][0]["key"]]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("width", [320, 375, 768])
def test_nothing_sticks_out_on_a_narrow_screen(browser, runs, run, width):
    open_report(browser, runs / run, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(browser, runs, run, scheme):
    open_report(browser, runs / run, scheme=scheme)
    found = browser.execute_script(CONTRAST)
    assert len(found) > 50
    assert [(round(ratio, 2), words) for ratio, words in found if ratio < LOWEST_CONTRAST] == []


def test_dark_and_light_differ(browser, runs):
    pages = []
    for scheme in ("light", "dark"):
        open_report(browser, runs / "passed", scheme=scheme)
        pages.append(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(set(pages)) == 2


def test_the_page_speaks_without_its_script(browser, runs):
    cdp(browser, "Emulation.setScriptExecutionDisabled", value=True)
    browser.get((runs / "passed" / "report.html").as_uri())
    content = browser.find_element(By.TAG_NAME, "main").text
    assert "No file was lost, duplicated or corrupted." in content
    assert browser.find_element(By.CSS_SELECTOR, "#chart-rates polyline").rect["width"] > 500


def test_it_prints_on_few_pages(browser, runs):
    open_report(browser, runs / "passed")
    pdf = base64.b64decode(browser.print_page())
    pages = re.findall(rb"/Type\s*/Page\b", pdf)
    assert 3 <= len(pages) <= 8
