"""Joins what a run is called with what it found, for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.faults import FaultCount
from harness.load.workload import Workload
from harness.measure import engine_clock
from harness.measure.records import FileRecord
from harness.measure.settlement import Settlement
from harness.report.inputs import EngineFacts, ReportInputs, RunFacts
from harness.run.judging import Judged
from harness.run.offer import Offer
from harness.run.options import RunOptions
from harness.run.provenance import provenance
from harness.stack.description import StackDescription

_OF_THE_UPLOAD = frozenset({"CodeBucket", "CodeKey", "DefinitionsPrefix"})
"""Parameters that say where the code lies, which another run has elsewhere."""


@dataclass(frozen=True)
class RunIdentity:
    """What tells this run from others."""

    run_id: str
    scenario: str
    options: RunOptions
    description: StackDescription
    started_at: float
    notices: Sequence[str] = ()
    """What there is to know about its workload."""
    workload: Workload | None = None


def report_inputs(
    facts: RunFacts,
    settlement: Settlement,
    judged: Judged,
    *,
    aws_calls_per_file: dict[str, float] | None,
    faults: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
) -> ReportInputs:
    """Return what `harness.report` renders.

    :param faults: `rule`, `matched` and `hits` of each
    """
    figures, decision = judged.figures, judged.decision
    return ReportInputs(
        facts=facts,
        settlement=settlement,
        thresholds=judged.thresholds,
        verdict=decision.verdict,
        generator_was_limit=decision.generator_was_limit,
        exit_code=decision.exit_code,
        reasons=decision.reasons,
        resources=figures.resources,
        aws_calls_per_file=aws_calls_per_file,
        faults=faults,
        notes=notes,
        samples=figures.samples,
        knee=figures.knee,
        drift=figures.drift,
    )


def inputs_of_run(
    identity: RunIdentity, offer: Offer, settlement: Settlement, judged: Judged
) -> ReportInputs:
    """Return what is rendered of a run that its own harness saw to the end."""
    return report_inputs(
        run_facts(identity, load_duration_s(settlement.records)),
        settlement,
        judged,
        aws_calls_per_file=offer.engine_view.calls_per_file(settlement.counts["uploaded"]),
        faults=[_fault(count) for count in offer.engine_view.faults],
        notes=[
            *identity.notices,
            *_notes(offer),
            *engine_clock.notes(identity.description.engine.endpoint_url),
        ],
    )


def run_facts(identity: RunIdentity, duration_s: float) -> RunFacts:
    """Return what the report says of the run itself."""
    description = identity.description
    engine = description.engine
    return RunFacts(
        run_id=identity.run_id,
        scenario=identity.scenario,
        route=description.route,
        seed=identity.options.seed,
        started_at=identity.started_at,
        duration_s=duration_s,
        engine=EngineFacts(engine.name, engine.mode, engine.version, description.differs_from_aws),
        provenance=provenance(description, identity.options.command),
        options=variant(description, identity.options),
        workload=identity.workload.model_dump(mode="json") if identity.workload else {},
    )


def variant(description: StackDescription, options: RunOptions) -> dict[str, Any]:
    """Return `options` of `summary.json`: the stack's own, with what the user asked for apart."""
    in_effect = description.options.get("parameters", {})
    return {
        "fifo": bool(description.options.get("fifo")),
        "pipe": bool(description.options.get("pipe")),
        "recording": description.options.get("recording") or in_effect.get("Recording"),
        "parameters": {name: value for name, value in in_effect.items() if name not in _OF_THE_UPLOAD},
        "given": dict(options.parameters),
    }


def _fault(count: FaultCount) -> dict[str, Any]:
    return {"rule": count.text, "matched": count.matched, "hits": count.hits}


def load_duration_s(records: Sequence[FileRecord]) -> float:
    """Return the seconds from the first intended arrival to the end of the last upload; 0 without files."""
    if not records:
        return 0.0
    first = min(record.intended_at for record in records)
    return max(record.closed_at or record.started_at or record.intended_at for record in records) - first


def _notes(offer: Offer) -> list[str]:
    ended_early = {
        "Resources": offer.sampler.failure,
        "Queues, functions and sessions": offer.figures.failure,
    }
    return [f"{what} were not sampled to the end: {why}" for what, why in ended_early.items() if why]
