"""`compare.html` in a real Chromium: both sides in each chart, and the numbers of `compare.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from harness.compare.comparison import compare
from harness.compare.rendering.page import write_comparison
from tests.browser.pages import CONTRAST, LOWEST_CONTRAST, open_page
from tests.unit.compare.runs import run

pytestmark = pytest.mark.browser

PAGES = ("regression", "repeats", "few")
TIME_CHARTS = ("medians", "rates", "backlog")


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with a comparison each: a slower run, two repeats on each side, runs of too few files."""
    root = tmp_path_factory.mktemp("compared")
    like = [run(root / f"like-{seed}", seed, amount=300) for seed in range(4)]
    slow = run(root / "slow", 9, amount=300, delay_s=0.2)
    few = [run(root / f"few-{seed}", seed, amount=5) for seed in range(2)]
    for name, base, new in (
        ("regression", like[:1], [slow]),
        ("repeats", like[:2], like[2:]),
        ("few", few[:1], few[1:]),
    ):
        write_comparison(compare(base, new, tolerance=0.15), root / name)
    return root


def open_comparison(
    browser: WebDriver, folder: Path, *, scheme: str = "light", width: int = 1200
) -> dict[str, Any]:
    """Open a comparison's page and return its data."""
    return open_page(browser, folder / "compare.html", folder / "compare.json", scheme=scheme, width=width)


@pytest.mark.parametrize("page", PAGES)
def test_no_error_and_no_request(browser, pages, page):
    open_comparison(browser, pages / page)
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requested = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in requested if not url.startswith("data:")] == [
        (pages / page / "compare.html").as_uri()
    ]


@pytest.mark.parametrize("page", PAGES)
def test_numbers_are_those_of_the_data(browser, pages, page):
    data = open_comparison(browser, pages / page)
    assert browser.find_element(By.ID, "verdict-word").get_attribute("data-verdict") == data["verdict"]
    shown = {
        row.get_attribute("data-figure"): [
            cell.get_attribute("value") for cell in row.find_elements(By.TAG_NAME, "data")
        ]
        for row in browser.find_elements(By.CSS_SELECTOR, "[data-figure]")
    }
    for change in data["changes"]:
        if change["judged"] or change["base"] is not None:
            expected = ["" if value is None else str(value) for value in (change["base"], change["new"])]
            assert shown[change["name"]] == expected


@pytest.mark.parametrize("name", TIME_CHARTS)
def test_charts_over_time_have_a_line_for_each_run(browser, pages, name):
    open_comparison(browser, pages / "repeats")
    plot = browser.find_element(By.CSS_SELECTOR, f"#chart-{name} .plot")
    for side in ("side-base", "side-new"):
        lines = plot.find_elements(By.CSS_SELECTOR, f"polyline.{side}")
        assert len(lines) >= 2
        assert all(len((line.get_attribute("points") or "").split()) > 2 for line in lines)


def test_each_stage_has_the_curves_of_both_sides(browser, pages):
    open_comparison(browser, pages / "regression")
    curves = browser.find_elements(By.CSS_SELECTOR, "[id^=chart-curve-]")
    assert len(curves) == 7
    for curve in curves:
        for side in ("side-base", "side-new"):
            points = curve.find_element(By.CSS_SELECTOR, f"polyline.{side}").get_attribute("points") or ""
            assert len(points.split()) > 20


def test_the_slower_side_lies_above(browser, pages):
    """SVG counts from the top: a slower side has smaller heights."""
    open_comparison(browser, pages / "regression")
    means = []
    for side in ("side-base", "side-new"):
        line = browser.find_element(By.CSS_SELECTOR, f"#chart-curve-end_to_end polyline.{side}")
        heights = [float(point.split(",")[1]) for point in (line.get_attribute("points") or "").split()]
        means.append(sum(heights) / len(heights))
    assert means[1] < means[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_it_fits_and_can_be_read(browser, pages, scheme, width):
    open_comparison(browser, pages / "regression", scheme=scheme, width=width)
    root = "document.documentElement"
    assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth")
    weakest = min(browser.execute_script(CONTRAST))
    assert weakest[0] >= LOWEST_CONTRAST, weakest
