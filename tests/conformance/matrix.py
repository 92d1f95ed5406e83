"""The suite's result as a table: what is as on AWS, what differs as listed, and what is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.conformance import behaviours
from harness.engines.base import EngineInfo
from tests.conformance import marks

_COLUMNS = {"passed": "as on AWS", "xfailed": "differs as listed", "failed": "WRONG", "error": "WRONG"}


def print_matrix(reporter: pytest.TerminalReporter, engine: EngineInfo | None) -> None:
    title = f"{engine.label} {engine.version}" if engine else "aws"
    reporter.section(f"conformance of {title}")
    counts = _counts(reporter)
    widths = [max(len(area) for area, _ in [*counts, ("area", "")]), 10, 18, 6]
    _line(reporter, widths, "area", "as on AWS", "differs as listed", "WRONG")
    for area in dict.fromkeys(item.area for item in behaviours.behaviours()):
        found = [counts[area, column] for column in dict.fromkeys(_COLUMNS.values())]
        if any(found):
            _line(reporter, widths, area, *map(str, found))


def _counts(reporter: pytest.TerminalReporter) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for outcome, column in _COLUMNS.items():
        for report in reporter.stats.get(outcome, []):
            if identifier := dict(report.user_properties).get(marks.NAME):
                counts[behaviours.find(str(identifier)).area, column] += 1
    return counts


def _line(reporter: pytest.TerminalReporter, widths: list[int], *cells: str) -> None:
    first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    reporter.write_line("  ".join([first, *others]).rstrip())
