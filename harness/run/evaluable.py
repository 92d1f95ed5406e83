"""Before a run: can it answer what its thresholds on `knee` and `drift` ask?

Both are found by cutting the load into parts. A load that is too short for that would end with `no samples`,
which is known before the first file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.exceptions import UsageError
from harness.load.traces.survey import Survey
from harness.load.workload import Workload
from harness.measure.evaluations import drift, knee
from harness.measure.thresholds import Threshold
from harness.run.judging import windows_of

_HINTS = {
    "knee": "make it longer with --minutes, raise the rate, or take fewer steps with --set profile.steps=…",
    "drift": "make it longer with --minutes or --files, or take another scenario",
}


def too_short(
    workload: Workload, thresholds: Sequence[Threshold], trace: Survey | None = None
) -> Iterator[str]:
    """Yield what cannot be evaluated and that no threshold needs.

    :param trace: what is in the workload's trace, where it has one
    :raises UsageError: a threshold needs what this load cannot tell
    """
    for name in ("knee", "drift"):
        about = [threshold.text for threshold in thresholds if threshold.group == name]
        if about and name not in workload.evaluations:
            raise UsageError(
                f"the threshold {about[0]!r} needs an evaluation that the workload does not ask for",
                hint=f"add it: evaluations: [{name}], or --set evaluations=[{name}]",
            )
        problem = _problem(name, workload, trace) if name in workload.evaluations else None
        if problem and about:
            raise UsageError(f"the threshold {about[0]!r} cannot be judged: {problem}", hint=_HINTS[name])
        if problem:
            yield f"{name} will not be known: {problem}"


def _problem(name: str, workload: Workload, trace: Survey | None) -> str | None:
    return _of_knee(workload) if name == "knee" else _of_drift(workload, trace)


def _of_knee(workload: Workload) -> str | None:
    if not workload.segments:
        return "a trace has no steps of the rate"
    steps = [
        (window.to_s - window.from_s, segment.mean_per_s * (window.to_s - window.from_s))
        for segment in workload.segments
        for window in windows_of(segment)
    ]
    if any(length_s >= knee.SHORTEST_STEP_S and files >= knee.MIN_FILES for length_s, files in steps):
        return None
    longest_s, most_files = max(length_s for length_s, _ in steps), max(files for _, files in steps)
    return (
        f"a step needs {knee.SHORTEST_STEP_S:.0f} s and {knee.MIN_FILES} files,"
        f" and this load has steps of {longest_s:.3g} s and at most {math.floor(most_files)} files"
    )


def _of_drift(workload: Workload, trace: Survey | None) -> str | None:
    length_s, files = _size(workload, trace)
    if length_s >= drift.SHORTEST_S and files >= drift.LEAST_FILES:
        return None
    return (
        f"drift needs a load of {drift.SHORTEST_S:.0f} s and {drift.LEAST_FILES} files or more,"
        f" and this one has {length_s:.3g} s and about {math.floor(files)} files"
    )


def _size(workload: Workload, trace: Survey | None) -> tuple[float, float]:
    """Return length in seconds and number of files, as planned."""
    if trace is not None:
        length_s, files = trace.replay_s, float(trace.rows)
    else:
        length_s = workload.segments[-1].ends_s
        files = sum(segment.expected_files for segment in workload.segments)
    cuts = [
        *([workload.duration_s / length_s] if workload.duration_s and length_s else []),
        *([workload.files / files] if workload.files and files else []),
        1.0,
    ]
    return length_s * min(cuts), files * min(cuts)
