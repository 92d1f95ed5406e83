"""An examination for a human: a line for each finding, what mends it below, a verdict at the end."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from rich.console import Console
from rich.text import Text

from harness.doctor.examination import Examination
from harness.doctor.finding import Finding, Status

TITLES = {
    "python": "Python",
    "system": "System",
    "cpu": "Processor",
    "memory": "Memory",
    "limits": "Limits",
    "disk": "Folders",
    "ports": "Ports",
    "programs": "Programs",
    "environments": "Engine environments",
    "docker": "Docker",
    "compose": "Docker Compose",
    "token": "LocalStack's licence",
    "aws": "AWS account",
    "endpoint": "Engine",
    "leftovers": "Leftovers",
}
"""Of the groups."""
_MARKS = {
    Status.OK: ("✓", "ok", "green"),
    Status.NOTE: ("·", "-", "dim"),
    Status.WARNING: ("!", "!", "yellow"),
    Status.FAILED: ("✗", "X", "bold red"),
    Status.UNKNOWN: ("?", "?", "magenta"),
}
"""Sign, sign in ASCII, style."""


def render(examination: Examination, console: Console) -> None:
    """Print it."""
    ascii_only = not _can_show(console)
    for group, findings in groupby(examination.findings, key=lambda finding: finding.group):
        console.print(Text(TITLES.get(group, group), style="bold"))
        for finding in findings:
            _print(finding, console, ascii_only)
    console.print(_verdict(examination), markup=False)


def _print(finding: Finding, console: Console, ascii_only: bool) -> None:
    sign, plain, style = _MARKS[finding.status]
    line = Text.assemble("  ", (f"{plain:<2}" if ascii_only else sign, style), " ", finding.summary)
    console.print(_shown(line, ascii_only))
    if finding.fix:
        console.print(_shown(Text(f"     fix: {finding.fix}", style="dim"), ascii_only))


def _shown(line: Text, ascii_only: bool) -> Text:
    """Return the line with nothing that an ASCII terminal would stumble over: paths may hold anything."""
    if ascii_only:
        line.plain = line.plain.encode("ascii", "replace").decode()
    return line


def _can_show(console: Console) -> bool:
    signs = "".join(sign for sign, _, _ in _MARKS.values())
    try:
        signs.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _verdict(examination: Examination) -> str:
    counts = Counter(finding.status for finding in examination.findings)
    missing, warnings, unknown = (
        counts[status] for status in (Status.FAILED, Status.WARNING, Status.UNKNOWN)
    )
    told = [
        f"ready for {examination.engine}" if examination.is_ready else f"not ready for {examination.engine}"
    ]
    told += [f"{missing} missing"] if missing else []
    told += [f"{warnings} to look at"] if warnings else []
    told += [f"{unknown} not to be known"] if unknown else []
    return ", ".join(told)
