"""What a workload lets happen and what it asks: the same for a run that ends and one settled afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.load.profiles.curve import Segment
from harness.load.workload import Workload
from harness.measure.evaluations.drift import find_drift
from harness.measure.evaluations.knee import Window, find_knee
from harness.measure.resources import ResourceUse
from harness.measure.sampling.series import Samples
from harness.measure.settlement import Settlement
from harness.measure.thresholds import Figures, Threshold, ThresholdResult, evaluate
from harness.measure.verdict import Allowed, Decision, decide
from harness.run.record import RunEnd

SLOPE_PARTS = 10
"""In so many steps a straight rise of the rate is judged."""


@dataclass(frozen=True)
class Judged:
    """What a run came to, by its workload."""

    figures: Figures
    thresholds: list[ThresholdResult]
    decision: Decision


def judge(
    workload: Workload,
    conditions: Sequence[Threshold],
    settlement: Settlement,
    end: RunEnd,
    resources: Mapping[str, ResourceUse],
    samples: Samples,
) -> Judged:
    """Judge a settled run.

    :param conditions: the workload's thresholds, and those of the command line
    :param end: how the load ended
    """
    figures = figures_of(workload, settlement, resources, samples)
    thresholds = evaluate(conditions, settlement, figures)
    decision = decide(
        settlement,
        thresholds,
        allowed=allowed_by(workload),
        interrupted=end.interrupted,
        stack_lost=end.stack_lost,
        generator_failure=end.generator_failure,
        knee=figures.knee,
    )
    return Judged(figures, thresholds, decision)


def allowed_by(workload: Workload) -> Allowed:
    """Return the limits of the verdict that the workload names."""
    return Allowed(failed=workload.allowed_failed, dlq=workload.allowed_dlq)


def figures_of(
    workload: Workload, settlement: Settlement, resources: Mapping[str, ResourceUse], samples: Samples
) -> Figures:
    """Return what thresholds may be about besides the settlement, with the evaluations asked for."""
    asked = workload.evaluations
    return Figures(
        resources=resources,
        samples=samples,
        knee=find_knee(settlement.records, list(steps_of(workload))) if "knee" in asked else None,
        drift=find_drift(settlement.records, resources) if "drift" in asked else None,
    )


def steps_of(workload: Workload) -> Iterator[Window]:
    """Yield the parts of the load that are judged by themselves; a pause is none."""
    for segment in workload.segments:
        if segment.expected_files > 0:
            yield from windows_of(segment)


def windows_of(segment: Segment) -> Iterator[Window]:
    """Yield the parts in which a segment of the load is judged."""
    parts = 1 if segment.start_per_s == segment.end_per_s else SLOPE_PARTS
    length_s = (segment.ends_s - segment.starts_s) / parts
    for part in range(parts):
        begin_s = segment.starts_s + part * length_s
        yield Window(begin_s, begin_s + length_s)
