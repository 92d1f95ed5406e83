"""What a run is to do: the scenario with all that the command line says about it, checked as a whole.

A field of the workload is the scenario's, unless `--set` or an option of its own says otherwise: `--rate`,
`--minutes`, `--files` and `--route` replace, `--fault` and `--threshold` add.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness import faults
from harness.cost.estimate import Load
from harness.deploy.options import ROUTES
from harness.exceptions import UsageError
from harness.load import catalogue
from harness.load.catalogue import Scenario
from harness.load.profiles.model import Trace
from harness.load.reading.overrides import with_overrides
from harness.load.reading.workloads import Checks, failing_texts
from harness.load.traces.survey import Survey, survey
from harness.load.workload import MAX_LENGTH_S, Workload
from harness.measure.thresholds import Threshold, parse_thresholds
from harness.run.evaluable import too_short
from harness.run.expected_load import expected_load
from harness.run.options import RunOptions


@dataclass(frozen=True)
class Request:
    """A run that can be started."""

    options: RunOptions
    """With the route and the faults of the workload."""
    scenario: Scenario
    workload: Workload
    thresholds: list[Threshold]
    notices: tuple[str, ...] = ()
    """What there is to know about the workload; for the screen and the report."""
    trace: Survey | None = None
    """What is in the workload's trace, if it has one."""

    @property
    def load(self) -> Load:
        """What is going to be offered, as far as it can be known before."""
        return expected_load(self.workload, self.trace)

    @property
    def settle_s(self) -> float:
        """How long the last files are waited for at most."""
        return self.workload.settle_s if self.options.settle_s is None else self.options.settle_s


def requested(options: RunOptions) -> Request:
    """Read the scenario and join it with the options.

    :raises UsageError: with everything that is wrong with either
    """
    try:
        scenario = catalogue.scenario(options.scenario, CHECKS)
        workload = _workload(scenario, options)
    except UsageError as error:
        raise _with_problems_of(options, error) from error
    options = replace(
        options,
        route=options.route or workload.route,
        fault_texts=(*workload.faults, *options.fault_texts),
    )
    options.validate()
    thresholds = _thresholds(scenario, workload)
    trace = survey(workload.profile) if isinstance(workload.profile, Trace) else None
    _require_an_end(workload, trace)
    notices = trace.notices(workload.customers) if trace else []
    notices += too_short(workload, thresholds, trace)
    return Request(options, scenario, workload, thresholds, tuple(notices), trace)


def _require_an_end(workload: Workload, trace: Survey | None) -> None:
    if trace is not None and workload.minutes is None and trace.replay_s > MAX_LENGTH_S:
        raise UsageError(
            f"the trace {trace.trace.path} would take {trace.replay_s / 86_400:,.0f} days",
            hint="give --minutes, profile.speed or profile.longest_gap_s; are all its times of one kind?",
        )


def _thresholds(scenario: Scenario, workload: Workload) -> list[Threshold]:
    """Return them all; raises `UsageError`, also where two of them, each sound by itself, contradict."""
    try:
        return parse_thresholds(workload.thresholds)
    except UsageError as error:
        raise UsageError(
            f"{scenario.path}, thresholds (with --threshold): {error.message}", hint=error.hint
        ) from error


def _workload(scenario: Scenario, options: RunOptions) -> Workload:
    workload = with_overrides(scenario.workload, options.settings).located(Path.cwd())
    if problems := list(failing_texts(workload, CHECKS)):
        raise UsageError(f"the workload of {scenario.path} is wrong: {'; '.join(problems)}")
    return workload.changed(
        rate_per_s=options.rate,
        duration_s=None if options.minutes is None else options.minutes * 60,
        files=options.files,
        thresholds=options.threshold_texts,
    )


def _with_problems_of(options: RunOptions, error: UsageError) -> UsageError:
    """Return the error of the scenario, after what is wrong with the options, so that nothing hides."""
    try:
        options.validate()
    except UsageError as of_options:
        return UsageError(f"{of_options.message}\n{error.message}", hint=error.hint or of_options.hint)
    return error


def _check_route(text: str) -> None:
    if text not in ROUTES:
        raise UsageError(f"there is no route {text!r}; known: {', '.join(ROUTES)}")


def _check_fault(text: str) -> None:
    faults.parse([text])


def _check_threshold(text: str) -> None:
    parse_thresholds([text])


CHECKS: Checks = {"route": _check_route, "faults": _check_fault, "thresholds": _check_threshold}
"""What the texts of a workload must pass: the grammars of the parts that they are for."""
