"""What a report is made of: facts about the run, and what measuring found.

Times are seconds since the epoch, and `None` always means "not known".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.measure.resources import ResourceUse
from harness.measure.sampling.series import Samples
from harness.measure.settlement import Settlement
from harness.measure.thresholds import ThresholdResult


@dataclass(frozen=True)
class EngineFacts:
    """Which AWS API the run used, and what it does differently (sentences)."""

    name: str
    mode: str
    version: str
    differs_from_aws: Sequence[str] = ()


@dataclass(frozen=True)
class RunFacts:
    """The run itself."""

    run_id: str
    scenario: str
    route: str
    seed: int
    started_at: float
    """When the load began."""
    duration_s: float
    """Length of the load, without set-up and settling."""
    engine: EngineFacts
    provenance: Mapping[str, Any]
    """`provenance` of `summary.json`; see `harness.run.provenance`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """`options` of `summary.json`: which variant of the pipeline this was."""
    workload: Mapping[str, Any] = field(default_factory=dict)
    """`workload` of `summary.json`: what was asked to be offered."""


@dataclass(frozen=True)
class ReportInputs:
    """Everything that `write_reports` needs."""

    facts: RunFacts
    settlement: Settlement
    thresholds: Sequence[ThresholdResult]
    verdict: str
    reasons: Sequence[str] = ()
    """Why it is not `passed`, in sentences."""
    resources: Mapping[str, ResourceUse] = field(default_factory=dict)
    """By process group; a group that is absent was not measured."""
    aws_calls_per_file: Mapping[str, float] | None = None
    """By `service.Operation`, without those of the harness; `None` where the engine does not count."""
    faults: Sequence[Mapping[str, Any]] = ()
    """`faults` of `summary.json`."""
    notes: Sequence[str] = ()
    """What a reader must know beyond the settlement's own notes."""
    samples: Samples = field(default_factory=Samples)
    """What was looked at while the run went on."""
    knee: Mapping[str, Any] | None = None
    """`knee` of `summary.json`; `None` where the rate was not raised in steps."""
    drift: Mapping[str, Any] | None = None
    """`drift` of `summary.json`; `None` where nobody asked for it."""
    generator_was_limit: bool = False
    """The load was not what it was to be, so the run says nothing about the pipeline."""
    exit_code: int | None = None
    """What `floodgate run` ends with; `None` where the report is not of a run."""
