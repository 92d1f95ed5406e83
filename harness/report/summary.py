"""`summary.json`: built, checked, and only then written.

A summary that breaks its own schema, or whose counts contradict each other, is a defect of Floodgate and
never takes the place of a summary: it is kept as `summary.invalid.json` for diagnosis.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from harness import clock
from harness.exceptions import ReportError
from harness.measure.resources import ResourceUse
from harness.measure.results import Latency, Rate, Verification
from harness.measure.sampling.series import FunctionUse
from harness.report.files import write_text
from harness.report.inputs import ReportInputs, RunFacts
from harness.report.ledger import identities

SCHEMA_VERSION = 1
SUMMARY_NAME = "summary.json"
INVALID_NAME = "summary.invalid.json"
RESOURCE_GROUPS = ("engine", "functions", "sftp", "load")
"""Groups that the contract promises; others may come beside them."""


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of `summary.json`."""
    text = resources.files("harness.report").joinpath("summary.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def build_summary(inputs: ReportInputs) -> dict[str, Any]:
    """Return the content of `summary.json` in plain JSON types, not yet checked."""
    settled = inputs.settlement
    content = {
        "schema_version": SCHEMA_VERSION,
        **_run(inputs.facts),
        "files": settled.counts,
        "verified": settled.verified,
        "verification": _verification(settled.verification),
        "evidence_complete": settled.evidence_complete,
        "bytes": asdict(settled.bytes),
        "rate": _rate(settled.rate),
        "latency_ms": {stage: _latency(latency) for stage, latency in settled.latency_ms.items()},
        "failures": [asdict(failure) for failure in settled.failures],
        "kinds": [asdict(kind) for kind in settled.expected.kinds],
        "attempts": asdict(settled.attempts),
        "executions": settled.executions,
        "aws_calls_per_file": None if inputs.aws_calls_per_file is None else dict(inputs.aws_calls_per_file),
        "faults": [dict(fault) for fault in inputs.faults],
        "thresholds": [asdict(threshold) for threshold in inputs.thresholds],
        "resources": _resources(inputs.resources),
        "samples": {name: series.summary() for name, series in inputs.samples.series.items()},
        "sampling": None if inputs.samples.cost is None else inputs.samples.cost.to_json(),
        "lambda": {role: _function(use) for role, use in inputs.samples.functions.items()},
        "generator": {
            "workers": [asdict(worker) for worker in settled.generator.workers],
            "was_limit": inputs.generator_was_limit,
        },
        "knee": None if inputs.knee is None else dict(inputs.knee),
        "drift": None if inputs.drift is None else dict(inputs.drift),
        "verdict": inputs.verdict,
        "exit_code": inputs.exit_code,
        "reasons": list(inputs.reasons),
        "conservation_problems": settled.problems,
        "notes": [*settled.notes, *inputs.notes],
    }
    plain: dict[str, Any] = json.loads(json.dumps(content))
    return plain


def problems_of(summary: dict[str, Any]) -> list[str]:
    """Return what is wrong with a summary: numbers, then the schema, then identities that do not hold."""
    try:
        json.dumps(summary, allow_nan=False)
    except ValueError:
        return ["a number is not finite"]
    validator = jsonschema.Draft202012Validator(schema())
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(summary)]
    if problems:
        return sorted(problems)
    broken = [identity for identity in identities(summary["files"]) if not identity.holds]
    return [
        f"$.files: {identity.with_names()} does not hold: {identity.with_numbers()}" for identity in broken
    ]


def write_summary(out_dir: Path, summary: dict[str, Any]) -> Path:
    """Check and write `summary.json`.

    :raises ReportError: the summary is not valid; it was written as `summary.invalid.json`
    :raises DiskFullError: no room left
    """
    problems = problems_of(summary)
    text = json.dumps(summary, indent=2) + "\n"
    if not problems:
        return write_text(out_dir / SUMMARY_NAME, text)
    kept = write_text(out_dir / INVALID_NAME, text)
    raise ReportError(
        f"the summary of this run contradicts its contract: {'; '.join(problems[:5])}",
        hint=f"this is a defect of Floodgate; please report it with {kept.name} attached",
    )


def read_summary(run_dir: Path) -> dict[str, Any]:
    """Read the `summary.json` of a run folder.

    :raises ReportError: there is none, or it does not follow the contract
    """
    path = run_dir / SUMMARY_NAME
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ReportError(
            f"cannot read {path}: {exc}", hint="give the folder of a finished run, such as reports/<run_id>"
        ) from exc
    if problems := problems_of(summary):
        raise ReportError(
            f"{path} is not a run summary of schema version {SCHEMA_VERSION}: {'; '.join(problems[:5])}",
            hint="render it with the version of Floodgate that wrote it",
        )
    checked: dict[str, Any] = summary
    return checked


def _run(facts: RunFacts) -> dict[str, Any]:
    return {
        "run_id": facts.run_id,
        "scenario": facts.scenario,
        "route": facts.route,
        "options": dict(facts.options),
        "workload": dict(facts.workload),
        "seed": facts.seed,
        "started_at": clock.to_iso(facts.started_at),
        "duration_s": round(facts.duration_s, 3),
        "engine": {**asdict(facts.engine), "differs_from_aws": list(facts.engine.differs_from_aws)},
        "provenance": dict(facts.provenance),
    }


def _verification(seen: Verification) -> dict[str, Any]:
    share = None if seen.share is None else round(seen.share, 6)
    return {"method": seen.method, "share": share, **asdict(seen)}


def _rate(rate: Rate) -> dict[str, float | None]:
    return {name: _rounded(value) for name, value in asdict(rate).items()} | {
        "files_per_day": rate.files_per_day
    }


def _latency(latency: Latency | None) -> dict[str, float | None] | None:
    return None if latency is None else {name: _rounded(value) for name, value in asdict(latency).items()}


def _resources(used: Mapping[str, ResourceUse]) -> dict[str, dict[str, float | None]]:
    absent: dict[str, float | None] = {"cpu_s": None, "rss_max_mib": None}
    measured = {
        name: {"cpu_s": _rounded(use.cpu_s), "rss_max_mib": _rounded(use.rss_max_mib)}
        for name, use in used.items()
    }
    return dict.fromkeys(RESOURCE_GROUPS, absent) | measured


def _function(use: FunctionUse) -> dict[str, float | None]:
    return {name: _rounded(value) for name, value in asdict(use).items()}


def _rounded(value: float | None) -> float | None:
    """Microseconds in milliseconds, and the like: more digits would only look precise."""
    return value if value is None or isinstance(value, int) else round(value, 3)
