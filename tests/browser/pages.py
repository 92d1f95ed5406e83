"""Opening a page from disk, for every test in the same state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selenium.webdriver.remote.webdriver import WebDriver

LOWEST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of ordinary size."""

CONTRAST = """
const channels = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = channels(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const unseen = ["script", "title", "desc"].includes(element.tagName.toLowerCase());
  if (!own || unseen || !element.checkVisibility()) continue;
  const style = getComputedStyle(element);
  const ink = luminance(channels(element.namespaceURI.endsWith("svg") ? style.fill : style.color));
  const paper = luminance(behind(element));
  const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  found.push([ratio, element.textContent.trim().slice(0, 40)]);
}
return found;
"""


def cdp(browser: WebDriver, command: str, **parameters: Any) -> Any:
    """Call the DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""
    return browser.execute_cdp_cmd(command, parameters)


def open_page(
    browser: WebDriver, page: Path, data: Path, *, scheme: str = "light", width: int = 1200
) -> dict[str, Any]:
    """Open `page` in a state that owes nothing to earlier tests, and return the JSON of `data`."""
    cdp(browser, "Emulation.setScriptExecutionDisabled", value=False)
    cdp(browser, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    cdp(
        browser,
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    for log in ("browser", "performance"):
        browser.get_log(log)  # type: ignore[attr-defined]
    browser.get(page.as_uri())
    loaded: dict[str, Any] = json.loads(data.read_text())
    return loaded
