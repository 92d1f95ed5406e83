"""`report.html`: one self-contained page, readable without JavaScript and without a network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from harness.report import text
from harness.report.charts.scales import clock_label
from harness.report.page import RunData, context, identity_terms

HTML_NAME = "report.html"
_KEY_CHARACTERS = 160


def render_html(data: RunData) -> str:
    """Return the page. All text of the run goes through autoescaping and `printable`."""
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(context(data), style=style, script=script, policy=_policy(style, script))
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "printable": text.printable,
        "key": lambda key: text.shortened(text.printable(key), _KEY_CHARACTERS),
        "count": text.count,
        "duration": text.duration,
        "ms": text.milliseconds,
        "ms_cell": text.milliseconds_cell,
        "rate": text.rate,
        "size": text.size,
        "cpu_seconds": text.cpu_seconds,
        "signed": text.signed,
        "amount": text.amount,
        "clock": clock_label,
        "sentence": text.sentence,
        "words": lambda name: name.replace("_", " "),
        "terms": identity_terms,
    }
    environment.globals["quantity"] = text.quantity
    return environment


def _policy(style: str, script: str) -> str:
    """Return a content security policy: this style, this script, and no request to anywhere."""
    return f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> Markup:
    content = resources.files("harness.report").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(content)  # noqa: S704  (our own file)
