"""A real Chromium, and run folders for it to open from disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

from harness.measure.records import Outcome
from harness.report.write import write_reports
from tests.missing import skip_unless_ci
from tests.unit.report import builders

MISSING = "Chromium is missing; on Debian and Ubuntu: apt-get install chromium chromium-driver"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOSTILE_KEY = 'customer-01/"><img src=x onerror="window.hit=1"><script>window.hit=1</script>/]]>.csv'


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """One Chromium for all tests; its processes end with it."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        skip_unless_ci(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folders by name: `passed`, `hostile`, `one`, `empty`, `nothing_delivered`."""
    root = tmp_path_factory.mktemp("runs")
    refused = [builders.record(n, Outcome.UPLOAD_FAILED, cause="PermissionDenied") for n in range(9)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        write_reports(root / "passed", builders.inputs(list(builders.random_records(1390))))
        write_reports(root / "hostile", builders.failed_inputs(HOSTILE_KEY, f"refused {HOSTILE_KEY}"))
        write_reports(root / "one", builders.inputs([builders.record(0)], resources=builders.resources(1)))
        write_reports(root / "empty", builders.inputs([], verdict="interrupted", resources={}))
        write_reports(root / "nothing_delivered", builders.inputs(refused, verdict="failed"))
    return root
