"""The runs of one side, as they lie in their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.compare.statistics.blocks import Blocks, read_blocks
from harness.compare.statistics.throughput import Deliveries, read_deliveries
from harness.exceptions import ReportError, UsageError
from harness.measure.resources import ResourceSample
from harness.measure.results import Timeline
from harness.report.histograms import read_histograms
from harness.report.parquet import PARQUET_NAME
from harness.report.series import read_series
from harness.report.summary import SUMMARY_NAME, read_summary

_HINT = "name the folder of a finished run, such as reports/<run_id>, or its summary.json"


@dataclass(frozen=True)
class Run:
    """One finished run. What lies beside its summary is read when it is asked for."""

    folder: Path
    summary: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        return str(self.summary["run_id"])

    @property
    def has_files(self) -> bool:
        """Whether the samples of single files are there, without which noise cannot be told from change."""
        return (self.folder / PARQUET_NAME).exists()

    @cached_property
    def blocks(self) -> Mapping[str, Blocks]:
        return read_blocks(self.folder) if self.has_files else {}

    @cached_property
    def deliveries(self) -> Deliveries | None:
        return read_deliveries(self.folder) if self.has_files else None

    @cached_property
    def histograms(self) -> Mapping[str, Any]:
        return read_histograms(self.folder)

    @cached_property
    def series(self) -> tuple[Timeline, Mapping[str, Sequence[ResourceSample]]]:
        return read_series(self.folder)


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Read the summaries of runs.

    :raises UsageError: with everything that is wrong: no such folder, no valid summary, or one run twice
    """
    runs, problems = [], []
    for path in paths:
        folder = path.parent if path.name == SUMMARY_NAME else path
        try:
            runs.append(Run(folder, read_summary(folder)))
        except ReportError as error:
            problems.append(error.message)
    if problems:
        raise UsageError("; ".join(problems), hint=_HINT)
    return runs


def refuse_twice(runs: Sequence[Run]) -> None:
    """:raises UsageError: a run is named more than once, which would look like agreement."""
    ids = [run.run_id for run in runs]
    if twice := sorted({run_id for run_id in ids if ids.count(run_id) > 1}):
        raise UsageError(f"named more than once: {', '.join(twice)}", hint="name each run once")
