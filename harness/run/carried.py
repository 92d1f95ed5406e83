"""What an earlier settling of a run measured while it went on, and nobody can measure afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from harness.exceptions import ReportError
from harness.measure.resources import ResourceUse
from harness.measure.sampling.series import FunctionUse, Samples, SamplingCost, Series
from harness.report.series import read_samples, read_series
from harness.report.summary import SUMMARY_NAME, read_summary
from harness.run.folder import RunFolder

_WITHOUT_SUMMARY = (
    "delete it to settle the run anew, without what was sampled; see first that its stack is up"
)


@dataclass(frozen=True)
class Carried:
    """Fields of `ReportInputs` that come from watching the run."""

    resources: dict[str, ResourceUse] = field(default_factory=dict)
    aws_calls_per_file: dict[str, float] | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    samples: Samples = field(default_factory=Samples)


def carried_from(folder: RunFolder) -> Carried | None:
    """Return what the folder's report holds; `None` where it has none yet.

    :raises ReportError: the report's data cannot be understood
    """
    if not (folder.path / SUMMARY_NAME).exists():
        return None
    try:
        summary = read_summary(folder.path)
    except ReportError as exc:
        raise ReportError(exc.message, hint=_WITHOUT_SUMMARY) from exc
    cost = summary.get("sampling")
    return Carried(
        resources=_resources(folder, summary),
        aws_calls_per_file=summary.get("aws_calls_per_file"),
        faults=summary.get("faults", []),
        samples=Samples(
            _series(folder, summary), SamplingCost(**cost) if cost else None, _functions(summary)
        ),
    )


def _series(folder: RunFolder, summary: dict[str, Any]) -> dict[str, Series]:
    """Return the sampled figures; of a long run the folder has means, so peaks come from the summary."""
    told = summary.get("samples", {})
    return {name: replace(series, whole=told.get(name)) for name, series in read_samples(folder.path).items()}


def _functions(summary: dict[str, Any]) -> dict[str, FunctionUse]:
    return {role: FunctionUse(**use) for role, use in summary.get("lambda", {}).items()}


def _resources(folder: RunFolder, summary: dict[str, Any]) -> dict[str, ResourceUse]:
    over_time = read_series(folder.path)[1]
    return {
        name: ResourceUse(use["cpu_s"], use["rss_max_mib"], over_time.get(name, []))
        for name, use in summary["resources"].items()
        if use["cpu_s"] is not None
    }
