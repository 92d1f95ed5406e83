"""`summary.md`: what fits on one screen of a pull request or of GitHub's job summary."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.report import findings, text, work
from harness.report.headline import VERDICT_WORDS, sentences, worst_first
from harness.report.ledger import identities
from harness.report.sections import expected
from harness.report.stages import STAGES

MARKDOWN_NAME = "summary.md"
_VERDICT_MARKS = {"passed": "✅", "no_samples": "⚪"}
_FAILURES_SHOWN = 10
_KEY_CHARACTERS = 120
_MESSAGE_CHARACTERS = 200
_LINES_SHOWN = 20
_LINE_CHARACTERS = 600
_DIFFERENCES_SHOWN = 100
_THRESHOLDS_SHOWN = 60
_ACTIVE = re.compile(r"[\\`*_\[\]<>|&~$]|:(?=\S)|^\s*[^\w\s]|^\s*\d+[.)]|(?<=www)\.", re.IGNORECASE)
"""What could begin a construct of Markdown, HTML, a table, a formula, an emoji or a link."""


def render_markdown(summary: Mapping[str, Any]) -> str:
    """Return the document, which ends with a line break."""
    blocks = [
        f"## {_mark(summary['verdict'])} Floodgate: {VERDICT_WORDS[summary['verdict']].lower()}",
        plain(" ".join(sentences(summary))),
        _list(summary.get("reasons", [])),
        _facts(summary),
        _thresholds(summary),
        _ledger(summary),
        _kinds(summary),
        _work(summary),
        _latencies(summary),
        _failures(summary),
        _list(summary.get("notes", [])),
        _differences(summary["engine"]["differs_from_aws"]),
        f"Run again: {code(summary['provenance']['command'], 400)}",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def plain(content: str) -> str:
    """Escape text so that Markdown and HTML in it show as they are written."""
    return _ACTIVE.sub(_escaped, text.printable(content))


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"\\{char}" if char in string.punctuation else char for char in match.group())


def code(content: str, limit: int = _KEY_CHARACTERS) -> str:
    """Return foreign text as inline code that nothing inside can end, also within a table.

    An HTML element and not backticks: in a GitHub table a bar ends the cell even inside backticks.
    """
    return f"<code>{plain(text.shortened(text.printable(content), limit))}</code>"


def _mark(verdict: str) -> str:
    return _VERDICT_MARKS.get(verdict, "❌")


def _facts(summary: Mapping[str, Any]) -> str:
    engine = summary["engine"]
    name = f"{engine['name']}:{engine['mode']} {engine['version']}"
    return (
        f"{code(summary['scenario'])} on {plain(name)}, route {code(summary['route'])}, "
        f"{text.duration(summary['duration_s'])} of load, {_rates(summary['rate'])}."
    )


def _rates(rates: Mapping[str, Any]) -> str:
    if rates["delivered_per_s"] is None:
        return "too few files delivered for a rate"
    window = f" (mean over {text.duration(rates['window_s'])})" if rates.get("window_s") else ""
    offered, delivered = text.rate(rates["offered_per_s"]), text.rate(rates["delivered_per_s"])
    return f"{offered} offered, {delivered} delivered{window}"


def _thresholds(summary: Mapping[str, Any]) -> str:
    rows = [
        [_mark(found["verdict"]), code(found["name"]), text.quantity(found["value"], found.get("unit", ""))]
        for found in worst_first(summary["thresholds"])
    ]
    more = (
        f"\n\n{len(rows) - _THRESHOLDS_SHOWN} more are in the report."
        if len(rows) > _THRESHOLDS_SHOWN
        else ""
    )
    return _table(["", "Threshold", "Measured"], rows[:_THRESHOLDS_SHOWN], "llr") + more


def _ledger(summary: Mapping[str, Any]) -> str:
    lines = [
        f"{plain(each.with_names())}: **{each.with_numbers()}**" for each in identities(summary["files"])
    ]
    return "<br>\n".join(lines)


def _kinds(summary: Mapping[str, Any]) -> str:
    rows = [
        [
            plain(row.kind),
            plain(row.expects),
            text.count(row.offered),
            text.count(row.as_expected),
            plain(row.ended),
        ]
        for row in expected.rows(summary)
    ]
    return _table(["Files", "Should be", "Offered", "As they should", "Ended"], rows, "llrrl")


def _work(summary: Mapping[str, Any]) -> str:
    return "<br>\n".join(
        f"{label}: {plain(text.shortened(told, _LINE_CHARACTERS))}"
        for label, told in [*findings.lines(summary), *work.lines(summary)]
    )


def _latencies(summary: Mapping[str, Any]) -> str:
    rows = []
    for stage in STAGES:
        latency = summary["latency_ms"].get(stage.name)
        if latency is None:
            continue
        cells = [text.milliseconds(latency[name]) for name in ("p50", "p95", "p99", "max")]
        rows.append([plain(stage.label), text.count(latency["count"]), *cells])
    return _table(["Stage", "Files", "p50", "p95", "p99", "max"], rows, "lrrrrr")


def _failures(summary: Mapping[str, Any]) -> str:
    failures = summary["failures"]
    rows = [
        [plain(each["stage"]), code(each["cause"]), text.count(each["count"]), *_example(each["examples"])]
        for each in failures[:_FAILURES_SHOWN]
    ]
    left_out = len(failures) - len(rows)
    more = f"\n\n{left_out} more causes are in the report." if left_out else ""
    return _table(["Stage", "Cause", "Files", "For example", "Message"], rows, "llrll") + more


def _example(examples: Sequence[Mapping[str, str]]) -> tuple[str, str]:
    if not examples:
        return "", ""
    return code(examples[0]["key"]), plain(text.shortened(examples[0]["message"], _MESSAGE_CHARACTERS))


def _list(lines: Sequence[str]) -> str:
    shown = [f"- {plain(text.shortened(line, _LINE_CHARACTERS))}" for line in lines[:_LINES_SHOWN]]
    more = [f"- and {len(lines) - _LINES_SHOWN} more"] if len(lines) > _LINES_SHOWN else []
    return "\n".join([*shown, *more])


def _differences(sentences: Sequence[str]) -> str:
    """Return what passes here and behaves differently on AWS, folded up: it is longer than all the rest."""
    if not sentences:
        return ""
    lines = [f"- {plain(text.shortened(each, _LINE_CHARACTERS))}" for each in sentences[:_DIFFERENCES_SHOWN]]
    title = f"<summary>Where this engine differs from AWS: {len(sentences)} points</summary>"
    return "\n".join(["<details>", title, "", *lines, "", "</details>"])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], alignment: str) -> str:
    """Return a table, or nothing when it would have no rows."""
    rows = list(rows)
    if not rows:
        return ""
    rule = ["--:" if side == "r" else "---" for side in alignment]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))
