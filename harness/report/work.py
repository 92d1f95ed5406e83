"""What the pipeline did besides delivering, as labelled lines that every rendering shares.

Summaries that were written before a field existed lack it; their lines are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report import text

_CALLS_SHOWN = 8


def lines(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return labels and texts, only those that have something to say."""
    found = {
        "Pipeline": variant(summary.get("options") or {}),
        "Attempts": attempts(summary.get("attempts") or {}),
        "Executions": executions(summary.get("executions") or {}),
        "AWS calls": calls(summary.get("aws_calls_per_file")),
        "Faults": faults(summary.get("faults") or []),
    }
    return [(label, told) for label, told in found.items() if told]


def variant(options: Mapping[str, Any]) -> str:
    """Return e.g. `FIFO, Pipe, recording full`, with the parameters that a run is likely to have changed."""
    return ", ".join(_variant(options))


def _variant(options: Mapping[str, Any]) -> Iterator[str]:
    if options.get("fifo"):
        yield "FIFO"
    if options.get("pipe"):
        yield "Pipe"
    if recording := options.get("recording"):
        yield f"recording {recording}"
    for name, value in options.get("given", {}).items():
        yield f"{name} {value}"


def attempts(counts: Mapping[str, int]) -> str:
    """Say how much was done again; nothing when nothing was."""
    said = []
    if retried := counts.get("retried", 0):
        said.append(f"{text.files(retried)} took more than one attempt, {counts['most']} at most")
    if redriven := counts.get("redriven", 0):
        said.append(f"{text.files(redriven)} given all attempts again after failing for good")
    return "; ".join(said)


def executions(machines: Mapping[str, Mapping[str, int]]) -> str:
    """Return e.g. `parent: 20 succeeded; child: 20 succeeded`."""
    return "; ".join(f"{role.replace('_', ' ')}: {_statuses(counts)}" for role, counts in machines.items())


def _statuses(counts: Mapping[str, int]) -> str:
    told = [f"{count:,} {status.replace('_', ' ').lower()}" for status, count in counts.items() if count]
    return ", ".join(told) or "none listed"


def calls(per_file: Mapping[str, float] | None) -> str:
    """Return the sum for each file and the calls that make most of it."""
    if not per_file:
        return ""
    most = sorted(per_file.items(), key=lambda call: -call[1])
    shown = ", ".join(f"{name} {count:.2f}" for name, count in most[:_CALLS_SHOWN])
    more = f" and {len(most) - _CALLS_SHOWN} more" if len(most) > _CALLS_SHOWN else ""
    return f"{sum(per_file.values()):.2f} for each file: {shown}{more}"


def faults(rules: list[Mapping[str, Any]]) -> str:
    """Return each fault with how often it was met."""
    return "; ".join(f"{rule['rule']} hit {rule['hits']:,} of {rule['matched']:,}" for rule in rules)
