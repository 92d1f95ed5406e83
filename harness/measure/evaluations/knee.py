"""The highest rate that was sustained, when the rate was raised (`knee` of `summary.json`).

The pipeline is open: a rate above what it can do shows first in the number of files under way, which grows
for as long as that rate lasts, and only later in latencies. So each step of the load is judged by the slope
of that number. Under way is a file from its intended time to its end, so that no part of the way can hide a
queue: neither the generator, nor the SFTP server, nor the pipeline.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from harness.measure.expected import is_met
from harness.measure.records import FileRecord, Outcome

SETTLING_SHARE = 0.2
TOLERATED_GROWTH = 0.02
TOLERATED_FAILURES = 0.01
LATE_MS = 1000.0
METHOD = (
    "A step is sustained when the number of files under way (from the intended time to the end) did not grow"
    f" by more than {TOLERATED_GROWTH:.0%} of the rate (least squares over each second of the step without"
    f" its first {SETTLING_SHARE:.0%}), at most {TOLERATED_FAILURES:.0%} of its files ended other than"
    " expected, and the generator was in time (all files started, p99 of its lag at most"
    f" {LATE_MS:.0f} ms). It is not sustained when the growth is certain (one-sided 95 %), and unknown in"
    " between. Where the generator was late, growth counts only from the end of the upload, which it has no"
    " part in. The knee is the highest rate of a sustained step. A step below it that was not sustained was"
    " disturbed: what held a higher rate, and worked off what had piled up, was not at its limit."
)
MIN_FILES = 20
MIN_POINTS = 5
"""Seconds of a step, without the first ones."""
SHORTEST_STEP_S = 10.0
"""Of a step with its first ones; it has a second or two to spare."""
_ONE_SIDED_95 = 1.645
_NEVER_ENDED = frozenset({Outcome.IN_FLIGHT, Outcome.LOST})
_FAILED = frozenset({Outcome.UPLOAD_FAILED, Outcome.FAILED, Outcome.DLQ, Outcome.LOST})


@dataclass(frozen=True, slots=True)
class Window:
    """A step of the load, in seconds from its begin."""

    from_s: float
    to_s: float


@dataclass(slots=True)
class _Step:
    window: Window
    offered: int = 0
    not_started: int = 0
    failed: int = 0
    delivered: int = 0
    """Whose end was within the step."""
    lags_ms: array[float] = field(default_factory=lambda: array("d"))
    times_ms: array[float] = field(default_factory=lambda: array("d"))

    @property
    def length_s(self) -> float:
        return self.window.to_s - self.window.from_s

    @property
    def rate_per_s(self) -> float:
        return self.offered / self.length_s

    @property
    def lag_ms(self) -> float:
        return _p99(self.lags_ms) or 0.0

    @property
    def late(self) -> str:
        """How late the generator was; empty when it was in time."""
        if not self.not_started and self.lag_ms <= LATE_MS:
            return ""
        return (
            f"the generator was late: {self.not_started} files not started,"
            f" p99 of its lag {self.lag_ms:.0f} ms"
        )


def find_knee(records: Sequence[FileRecord], windows: Sequence[Window]) -> dict[str, Any] | None:
    """Return `knee` of `summary.json`; `None` without steps or files.

    :param windows: the steps in order of time; those that the load did not come to are left out
    """
    begin_at = min((record.intended_at for record in records), default=0.0)
    length_s = max((record.intended_at for record in records), default=0.0) - begin_at
    steps = _Steps(each for each in windows if each.from_s < length_s)
    if not steps.all:
        return None
    steps.cut_at(length_s)
    for record in records:
        _count(record, begin_at, steps)
    under_way = _under_way(((r, r.intended_at) for r in records), begin_at, length_s)
    uploaded = ((r, r.closed_at) for r in records if r.closed_at is not None)
    stored = _under_way(uploaded, begin_at, length_s)
    return _told([_judged(step, stored if step.late else under_way) for step in steps.all])


def is_found(knee: Mapping[str, Any] | None) -> bool:
    """Tell whether a rate was sustained and a higher one was not.

    A generator that was late at rates above that takes nothing from it: each step is judged by itself.
    """
    return knee is not None and None not in (knee["sustained_per_s"], knee["first_failed_per_s"])


class _Steps:
    """The steps, found by a moment."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self.all = [_Step(window) for window in windows]
        self._begins = [step.window.from_s for step in self.all]

    def cut_at(self, length_s: float) -> None:
        """End the last step with the load: an interrupted run has only a part of it."""
        last = self.all[-1].window
        self.all[-1].window = Window(last.from_s, min(last.to_s, length_s))

    def at(self, second: float) -> _Step | None:
        """Return the step that this moment is in."""
        index = bisect_right(self._begins, second) - 1
        step = self.all[index] if index >= 0 else None
        return step if step is not None and second < step.window.to_s else None


def _count(record: FileRecord, begin_at: float, steps: _Steps) -> None:
    if (step := steps.at(record.intended_at - begin_at)) is not None:
        _count_due(record, step)
    end_at = record.handler_ended_at
    if end_at is None or record.outcome is not Outcome.DELIVERED:
        return
    if (step := steps.at(end_at - begin_at)) is not None:
        step.delivered += 1


def _count_due(record: FileRecord, step: _Step) -> None:
    step.offered += 1
    step.not_started += record.outcome is Outcome.NOT_STARTED
    step.failed += record.outcome in _FAILED and not is_met(record)
    if record.started_at is not None:
        step.lags_ms.append((record.started_at - record.intended_at) * 1000)
    if record.handler_ended_at is not None:
        step.times_ms.append((record.handler_ended_at - record.intended_at) * 1000)


def _under_way(files: Iterable[tuple[FileRecord, float]], begin_at: float, length_s: float) -> list[int]:
    """Return how many files are under way at the end of each second of the load.

    :param files: each with the moment from which it counts
    """
    change: Counter[int] = Counter()
    for record, since in files:
        if record.outcome is Outcome.NOT_STARTED:
            continue
        change[int(since - begin_at)] += 1
        if record.outcome not in _NEVER_ENDED:
            change[max(0, int(_end_at(record) - begin_at))] -= 1
    return list(accumulate(change[second] for second in range(math.ceil(length_s))))


def _end_at(record: FileRecord) -> float:
    return record.handler_ended_at or record.closed_at or record.started_at or record.intended_at


def _judged(step: _Step, under_way: Sequence[int]) -> dict[str, Any]:
    first = math.ceil(step.window.from_s + SETTLING_SHARE * step.length_s)
    found = _slope(under_way[first : int(step.window.to_s)])
    verdict, reason = _verdict(step, found)
    p99_ms = _p99(step.times_ms)
    return {
        "rate_per_s": round(step.rate_per_s, 3),
        "from_s": round(step.window.from_s, 3),
        "to_s": round(step.window.to_s, 3),
        "offered": step.offered,
        "delivered_per_s": round(step.delivered / step.length_s, 3),
        "backlog_slope_per_s": None if found is None else round(found[0], 3),
        "p99_ms": None if p99_ms is None else round(max(0.0, p99_ms), 3),
        "verdict": verdict,
        "reason": reason,
    }


def _verdict(step: _Step, found: tuple[float, float] | None) -> tuple[str, str]:
    if found is None or step.offered < MIN_FILES:
        return "unknown", f"too short to be judged: {step.offered} files in {step.length_s:.0f} s"
    slope, error = found
    tolerated, doubt = TOLERATED_GROWTH * step.rate_per_s, _ONE_SIDED_95 * error
    if slope - doubt > tolerated:
        counted = f", counted from the end of their upload: {step.late}" if step.late else ""
        return "not_sustained", f"files under way grew by {slope:.3g} a second{counted}"
    if step.failed > TOLERATED_FAILURES * step.offered:
        return "not_sustained", f"{step.failed} of {step.offered} files ended other than expected"
    if step.late:
        return "unknown", step.late
    if slope > tolerated:
        return "unknown", f"too noisy to tell: files under way grew by {slope:.3g} ± {doubt:.2g} a second"
    return "sustained", "files under way did not grow"


def _slope(values: Sequence[int]) -> tuple[float, float] | None:
    """Return slope and standard error by least squares, for values one second apart."""
    count = len(values)
    if count < MIN_POINTS:
        return None
    mean_x, mean_y = (count - 1) / 2, sum(values) / count
    variance = sum((x - mean_x) ** 2 for x in range(count))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(values)) / variance
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in enumerate(values))
    return slope, math.sqrt(rest / (count - 2) / variance)


def _p99(values: Sequence[float]) -> float | None:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1] if values else None


def _told(steps: list[dict[str, Any]]) -> dict[str, Any]:
    knee = max((step["rate_per_s"] for step in steps if step["verdict"] == "sustained"), default=None)
    failed = [step for step in steps if step["verdict"] == "not_sustained"]
    disturbed = [step for step in failed if knee is not None and step["rate_per_s"] <= knee]
    for step in disturbed:
        step["reason"] += "; a disturbance, as a higher rate was sustained"
    above = [step["rate_per_s"] for step in failed if step not in disturbed]
    return {
        "method": METHOD,
        "sustained_per_s": knee,
        "first_failed_per_s": min(above, default=None),
        "disturbed": len(disturbed),
        "steps": steps,
    }
