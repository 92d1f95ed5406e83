"""A comparison as a whole, and as data (`compare.json`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.compare.changes import Change, change_of
from harness.compare.figures import figures
from harness.compare.outcomes import OutcomeChange, outcome_changes
from harness.compare.runs import Run, refuse_twice
from harness.compare.statistics.resampling import CONFIDENCE
from harness.compare.unlike import Difference, differences
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Comparison:
    """What the new runs are, set against the base."""

    base: Sequence[Run]
    new: Sequence[Run]
    tolerance: float
    """A share: 0.25 allows a quarter."""
    differences: Sequence[Difference]
    changes: Sequence[Change]
    outcomes: Sequence[OutcomeChange]

    @property
    def regressions(self) -> list[str]:
        """Names of the figures and ends that got worse."""
        return [
            *(each.name for each in self.outcomes if each.is_regression),
            *(each.figure.name for each in self.changes if each.is_regression),
        ]

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.THRESHOLD if self.regressions else ExitCode.PASSED

    @property
    def has_noise(self) -> bool:
        """Whether noise could be told from change, by samples or by repeats."""
        return len(self.base) + len(self.new) > 2 or all(run.has_files for run in [*self.base, *self.new])


def compare(
    base: Sequence[Run],
    new: Sequence[Run],
    *,
    tolerance: float,
    also: Sequence[str] = (),
    force: bool = False,
) -> Comparison:
    """Compare two sets of runs.

    :param also: names of figures whose change for the worse is a regression as well
    :param force: compare runs that are not alike
    :raises UsageError: runs are not alike, one is named twice, or a name in `also` is none
    """
    refuse_twice([*base, *new])
    _refuse_unknown(also)
    found = differences(base, new)
    if not force and (refused := [str(each) for each in found if each.refused]):
        raise UsageError(
            f"the runs are not alike: {'; '.join(refused)}",
            hint="compare runs of the same scenario, rate, route, engine and machine, or add --force",
        )
    changes = [change_of(figure, base, new, tolerance) for figure in figures(also)]
    return Comparison(base, new, tolerance, found, changes, outcome_changes(base, new))


def _refuse_unknown(names: Sequence[str]) -> None:
    known = [figure.name for figure in figures()]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"no such figure: {', '.join(unknown)}", hint=f"one of {', '.join(known)}")


def as_data(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison in plain JSON types."""
    return {
        "schema_version": SCHEMA_VERSION,
        "base": [_run(run) for run in comparison.base],
        "new": [_run(run) for run in comparison.new],
        "tolerance": comparison.tolerance,
        "confidence": CONFIDENCE,
        "verdict": "regression" if comparison.regressions else "no_regression",
        "regressions": comparison.regressions,
        "differences": [asdict(each) for each in comparison.differences],
        "outcomes": [asdict(each) for each in comparison.outcomes],
        "changes": [_change(each) for each in comparison.changes],
    }


def _run(run: Run) -> dict[str, Any]:
    return {name: run.summary[name] for name in ("run_id", "scenario", "route", "started_at", "verdict")}


def _change(change: Change) -> dict[str, Any]:
    return {
        "name": change.figure.name,
        "unit": change.figure.unit,
        "base": change.base,
        "new": change.new,
        "factor": change.factor,
        "factor_low": change.low,
        "factor_high": change.high,
        "finding": str(change.finding),
        "judged": change.figure.judged,
    }
