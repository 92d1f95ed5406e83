"""What two runs differ in besides their figures.

Some of it is what a comparison is for (another template, other handlers, another version of the engine): it
is told. Some of it makes the figures answer another question (another scenario, rate, route or machine): such
runs are not compared unless the user says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.compare.runs import Run
from harness.report.text import NO_VALUE

_RATE_TOLERANCE = 0.1
_FILES_TOLERANCE = 0.25
_MEMORY_TOLERANCE = 0.1
_OTHERS_SHARE = 0.1
"""Of the machine's cores: by so much its other load may differ."""
_OTHERS = "machine.others"
_WITHOUT_A_WORD = frozenset({"interrupted", "error", "inconclusive"})

Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same; `refused` when it makes the runs unlike."""

    what: str
    base: str
    new: str
    refused: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.base} and {self.new}"


def differences(base: Sequence[Run], new: Sequence[Run]) -> list[Difference]:
    """Return what differs between any two of the runs, of both sides; what is refused comes first."""
    first = base[0].summary
    found = {
        difference: None
        for run in [*base[1:], *new]
        for difference in [*_refused(first, run.summary), *_told(first, run.summary)]
    }
    verdicts = {each: None for run in [*base, *new] for each in _verdict(run)}
    return sorted([*verdicts, *found], key=lambda each: not each.refused)


def _verdict(run: Run) -> list[Difference]:
    """A run that says nothing about the pipeline cannot be compared with one that does."""
    verdict = run.summary["verdict"]
    if verdict not in _WITHOUT_A_WORD:
        return []
    return [Difference(f"verdict of {run.run_id}", verdict, "a run that was carried through", refused=True)]


def _refused(base: Summary, new: Summary) -> list[Difference]:
    readings: dict[str, Callable[[Summary], Any]] = {
        "scenario": lambda each: each["scenario"],
        "route": lambda each: each["route"],
        "engine": lambda each: f"{each['engine']['name']}:{each['engine']['mode']}",
        "FIFO": lambda each: _option(each, "fifo"),
        "Pipe": lambda each: _option(each, "pipe"),
        "cores": lambda each: each["provenance"]["machine"]["cores"],
    }
    found = _unequal(readings, base, new, refused=True)
    if _apart(_offered(base), _offered(new), max(_RATE_TOLERANCE, _chance(base, new))):
        found.append(Difference("files offered per second", *_shown(base, new, _offered), refused=True))
    if _apart(_memory(base), _memory(new), _MEMORY_TOLERANCE):
        found.append(Difference("memory of the machine (GiB)", *_shown(base, new, _memory), refused=True))
    if base["scenario"] != new["scenario"]:
        return found  # that their workloads differ, too, goes without saying
    return [*found, *_workload(base, new)]


def _workload(base: Summary, new: Summary) -> list[Difference]:
    """What is offered, for summaries that say it. Thresholds and faults do not change what is offered."""
    before, after = base.get("workload") or {}, new.get("workload") or {}
    if not (before and after):
        return []
    ignored = {
        "description",
        "thresholds",
        "faults",
        "route",
        "evaluations",
        "minutes",
        "files",
        "rate_per_s",
    }
    return [
        Difference(f"workload: {name}", str(before.get(name)), str(after.get(name)), refused=True)
        for name in sorted(before.keys() | after.keys())
        if name not in ignored and not name.startswith("allowed_") and before.get(name) != after.get(name)
    ]


def _told(base: Summary, new: Summary) -> list[Difference]:
    readings: dict[str, Callable[[Summary], Any]] = {
        "version of the engine": lambda each: each["engine"]["version"],
        "seed": lambda each: each["seed"],
        "commit": lambda each: _short(each["provenance"]["git_commit"]),
        "template": lambda each: _short(each["provenance"]["template_sha256"]),
        "handlers": lambda each: _short(each["provenance"]["handlers_sha256"]),
        "pins of the engine": lambda each: _short(each["provenance"]["pins_sha256"]),
        "Python": lambda each: each["provenance"]["machine"]["python"],
        "recording": lambda each: _option(each, "recording"),
        "faults": lambda each: ", ".join(fault["rule"] for fault in each.get("faults") or ()) or "none",
    }
    found = _unequal(readings, base, new, refused=False)
    before, after = _parameters(base), _parameters(new)
    found += [
        Difference(f"parameter {name}", str(before[name]), str(after[name]), refused=False)
        for name in sorted(before.keys() & after.keys())
        if before[name] != after[name] and name not in {"Route", "Fifo", "Pipe", "Recording"}
    ]
    if abs(_others(base) - _others(new)) > _OTHERS_SHARE * base["provenance"]["machine"]["cores"]:
        found.append(Difference("cores busy with other programs", *_shown(base, new, _others), refused=False))
    if _apart(base["files"]["offered"], new["files"]["offered"], _FILES_TOLERANCE):
        found.append(Difference("files offered", *_shown(base, new, _files), refused=False))
    return found


def _unequal(
    readings: Mapping[str, Callable[[Summary], Any]], base: Summary, new: Summary, *, refused: bool
) -> list[Difference]:
    return [
        Difference(what, str(read(base)), str(read(new)), refused)
        for what, read in readings.items()
        if read(base) != read(new)
    ]


def _apart(base: float | None, new: float | None, tolerance: float) -> bool:
    if base is None or new is None:
        return base is not new
    return abs(new - base) > tolerance * max(abs(base), abs(new))


def _shown(base: Summary, new: Summary, read: Callable[[Summary], float | None]) -> tuple[str, str]:
    before, after = (NO_VALUE if value is None else f"{value:,g}" for value in (read(base), read(new)))
    return before, after


def _offered(summary: Summary) -> float | None:
    rate: float | None = summary["rate"]["offered_per_s"]
    return rate


def _chance(base: Summary, new: Summary) -> float:
    """Return how far the rates of two Poisson schedules with other seeds may lie apart: four deviations."""
    fewest = min(_files(base), _files(new))
    return 4 * math.sqrt(2 / fewest) if fewest else 1.0


def _files(summary: Summary) -> float:
    return float(summary["files"]["offered"])


def _others(summary: Summary) -> float:
    """Return how busy the machine was with what is not the run; older summaries do not tell."""
    return float((summary.get("samples") or {}).get(_OTHERS, {}).get("mean") or 0.0)


def _memory(summary: Summary) -> float:
    return float(summary["provenance"]["machine"]["memory_gib"])


def _option(summary: Summary, name: str) -> str:
    """Return an option of the pipeline; summaries of older versions do not have all of them."""
    return str((summary.get("options") or {}).get(name) or "off")


def _parameters(summary: Summary) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (summary.get("options") or {}).get("parameters") or {}
    return found


def _short(digest: str | None) -> str:
    """Return enough of a hash to tell two apart; what marks a changed checkout stays."""
    if digest is None:
        return "unknown"
    head, mark, _ = digest.partition("-")
    return head[:12] + (f"{mark}dirty" if mark else "")
