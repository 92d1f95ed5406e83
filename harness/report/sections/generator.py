"""The load generator: whether it kept to the schedule, what it cost, and what each of its workers did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import text

WORKERS_SHOWN = 64


@dataclass(frozen=True)
class WorkerRow:
    """One worker; `None` is not known; `ended` is `complete` for a worker that did its part."""

    name: str
    offered: int | None
    lag_p99_ms: float | None
    cpu_s: float | None
    ended: str
    clock: str
    """How far its machine's clock was from the master's, where they are two machines."""


def rows(summary: Mapping[str, Any]) -> list[WorkerRow]:
    """Return a row for each worker that is shown."""
    return [
        WorkerRow(
            str(found["worker"]),
            found.get("offered"),
            found.get("lag_p99_ms"),
            found.get("cpu_s"),
            str(found.get("ended") or ""),
            _clock(found),
        )
        for found in _workers(summary)[:WORKERS_SHOWN]
    ]


def _clock(found: Mapping[str, Any]) -> str:
    if not found.get("clock_ahead_s") and not found.get("clock_error_s"):
        return ""
    error_s = found.get("clock_error_s")
    within = "" if error_s is None else f", within {text.duration(error_s)}"
    return f"{text.signed(found.get('clock_ahead_s', 0) * 1000)} ms{within}"


def left_out(summary: Mapping[str, Any]) -> int:
    """Return how many workers are only in `summary.json`."""
    return max(0, len(_workers(summary)) - WORKERS_SHOWN)


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """Say how the generator kept to its schedule and what a file has cost it."""
    return [*_limit(summary), *_schedule(summary), *_cost(summary)]


def remark(summary: Mapping[str, Any]) -> str:
    """Say in one line what is unusual about the generator: several workers, or that it was the limit."""
    workers = len(_workers(summary))
    said = [f"{workers:,} workers"] if workers > 1 else []
    return "; ".join([*said, *(each.rstrip(".").lower() for each in _limit(summary))])


def _workers(summary: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    workers: Sequence[Mapping[str, Any]] = (summary.get("generator") or {}).get("workers") or []
    return workers


def _limit(summary: Mapping[str, Any]) -> Iterator[str]:
    if (summary.get("generator") or {}).get("was_limit"):
        yield "The generator was the limit: this run says nothing about the pipeline."


def _schedule(summary: Mapping[str, Any]) -> Iterator[str]:
    files, lag = summary["files"], summary["latency_ms"].get("lag") or {"count": 0}
    if not files["offered"]:
        return
    late = files["not_started"]
    yield f"{text.files(files['offered'])} offered, {late:,} of them not started in time."
    if lag["count"]:
        yield f"Start lag: {text.milliseconds(lag['p50'])} p50, {text.milliseconds(lag['p99'])} p99."


def _cost(summary: Mapping[str, Any]) -> Iterator[str]:
    started = summary["files"]["offered"] - summary["files"]["not_started"]
    cpu_s = (summary["resources"].get("load") or {}).get("cpu_s")
    if started and cpu_s:
        yield f"It took {text.milliseconds(cpu_s / started * 1000)} of CPU for each file, its start included."
