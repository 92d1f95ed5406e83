"""The end of a run on a terminal: verdict, files, rate, latency by stage, failures, thresholds, where it is.

Text of the run is never read as markup: everything is a `Text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report import findings, text, work
from harness.report.headline import VERDICT_WORDS, sentences, worst_first
from harness.report.html import HTML_NAME
from harness.report.ledger import identities
from harness.report.sections import expected
from harness.report.stages import STAGES

_VERDICT_STYLES = {"passed": "bold green", "inconclusive": "bold yellow", "interrupted": "bold yellow"}
_THRESHOLD_STYLES = {"passed": "green", "failed": "bold red", "no_samples": "yellow"}
_FAILURES_SHOWN = 5
_KEY_CHARACTERS = 56
_MESSAGE_CHARACTERS = 200


def render(summary: Mapping[str, Any], run_dir: Path | None, console: Console) -> None:
    """Print what a finished run comes to, and where its report is, unless there was no room for one."""
    console.print(Group(*_blocks(summary, run_dir)))


def _blocks(summary: Mapping[str, Any], run_dir: Path | None) -> Iterator[RenderableType]:
    style = _VERDICT_STYLES.get(summary["verdict"], "bold red")
    yield Text(f"\n{VERDICT_WORDS[summary['verdict']]}", style=style)
    yield Text(text.printable(" ".join(sentences(summary))))
    yield from _bullets(summary.get("reasons", []))
    yield Text()
    yield _facts(summary)
    if kinds := expected.rows(summary):
        yield Text()
        yield _kinds(kinds)
    yield Text()
    yield _latencies(summary["latency_ms"])
    if summary["failures"]:
        yield Text()
        yield _failures(summary["failures"])
        yield from _bullets(_explanations(summary["failures"]))
        if (more := len(summary["failures"]) - _FAILURES_SHOWN) > 0:
            yield Text(f"and {more} more causes in the report", style="dim")
    if summary["thresholds"]:
        yield Text()
        yield _thresholds(summary["thresholds"])
    yield from _bullets(summary.get("notes", []))
    if run_dir is not None:
        yield Text(f"\nReport: {run_dir / HTML_NAME}")


def _bullets(lines: Sequence[str]) -> Iterator[Text]:
    return (Text(f"  • {text.printable(line)}") for line in lines)


def _facts(summary: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("Rate", _rates(summary["rate"]))
    for identity in identities(summary["files"]):
        table.add_row(identity.total_name.capitalize(), Text(identity.with_numbers()))
        table.add_row("", Text(identity.with_names(), style="dim"))
    for label, told in [*findings.lines(summary), *work.lines(summary)]:
        table.add_row(label, Text(text.printable(told)))
    return table


def _kinds(rows: Sequence[expected.KindRow]) -> Table:
    table = table_of("Files", "Should be", ">Offered", ">As they should", "Ended")
    for row in rows:
        counts = text.count(row.offered), text.count(row.as_expected)
        told = (text.printable(row.kind), row.expects, *counts, text.printable(row.ended))
        table.add_row(*map(Text, told), style="" if row.as_expected == row.offered else "bold red")
    return table


def _rates(rates: Mapping[str, Any]) -> str:
    if rates["delivered_per_s"] is None:
        return "too few files delivered for a rate"
    offered, delivered = text.rate(rates["offered_per_s"]), text.rate(rates["delivered_per_s"])
    window = f" (mean over {text.duration(rates['window_s'])})" if rates.get("window_s") else ""
    return (
        f"{offered} offered, {delivered} delivered{window}, which is {rates['files_per_day']:,} files a day"
    )


def _latencies(latency_ms: Mapping[str, Any]) -> Table:
    table = table_of("Stage", ">Files", ">p50", ">p95", ">p99", ">max")
    for stage in STAGES:
        latency = latency_ms.get(stage.name)
        if latency is None:
            continue
        values = [latency[name] for name in ("p50", "p95", "p99", "max")]
        cells = [text.milliseconds(value) for value in values] if latency["count"] else [text.NO_SAMPLES]
        table.add_row(stage.label, text.count(latency["count"]), *cells, style=_emphasis(stage.name))
    return table


def _emphasis(stage_name: str) -> str:
    return "bold" if stage_name == "end_to_end" else ""


def _failures(failures: Sequence[Mapping[str, Any]]) -> Table:
    table = table_of("Failed in", "Cause", ">Files", "For example")
    for failure in failures[:_FAILURES_SHOWN]:
        example = failure["examples"][0]["key"] if failure["examples"] else ""
        table.add_row(
            text.printable(failure["stage"]),
            Text(text.printable(failure["cause"])),
            text.count(failure["count"]),
            Text(text.shortened(text.printable(example), _KEY_CHARACTERS), overflow="ellipsis", no_wrap=True),
        )
    return table


def _explanations(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what the cause of a failure means in the words of its first example."""
    told = [
        (each["cause"], each["examples"][0]["message"])
        for each in failures[:_FAILURES_SHOWN]
        if each["examples"]
    ]
    return [f"{cause}: {text.shortened(message, _MESSAGE_CHARACTERS)}" for cause, message in told if message]


def _thresholds(thresholds: Sequence[Mapping[str, Any]]) -> Table:
    table = table_of("Threshold", ">Measured", "Result")
    for threshold in worst_first(thresholds):
        verdict = threshold["verdict"]
        table.add_row(
            Text(text.printable(threshold["name"])),
            text.quantity(threshold["value"], threshold.get("unit", "")),
            Text(verdict.replace("_", " "), style=_THRESHOLD_STYLES[verdict]),
        )
    return table


def table_of(*heads: str) -> Table:
    """Return an empty table; a head that begins with `>` aligns its column to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(head.removeprefix(">"), justify="right" if head.startswith(">") else "left")
    return table
