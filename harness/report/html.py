"""`report.html`: one self-contained page, readable without JavaScript and without a network."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from harness.report import text
from harness.report.charts.scales import clock_label
from harness.report.page import RunData, context, identity_terms

HTML_NAME = "report.html"
_PACKAGE = "harness.report"
_KEY_CHARACTERS = 160


def render_html(data: RunData) -> str:
    """Return the page. All text of the run goes through autoescaping and `printable`."""
    style, script = asset("report.css"), asset("report.js")
    return (
        environment()
        .get_template("report.html.j2")
        .render(context(data), style=style, script=script, policy=policy(style, script))
    )


@cache
def environment(*packages: str) -> jinja2.Environment:
    """Return what renders the templates of these packages and, where they have none, the report's own."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name) for name in (*packages, _PACKAGE)]),
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
        "plain_json": lambda value: value if isinstance(value, str) else json.dumps(value),
        "words": lambda name: name.replace("_", " "),
        "terms": identity_terms,
    }
    environment.globals["quantity"] = text.quantity
    return environment


def policy(style: str, script: str) -> str:
    """Return a content security policy: this style, this script, and no request to anywhere."""
    return f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


@cache
def asset(name: str, package: str = _PACKAGE) -> Markup:
    """Return a style sheet or a script of a package's templates."""
    content = resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(content)  # noqa: S704  (our own file)
