"""What a settled run comes to: one verdict, one exit code, and the reasons in sentences.

Exit codes and their order are those of `harness.exit_codes`; everything that applies is collected first, and
the worst wins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from harness.exit_codes import ExitCode, worst
from harness.measure.evaluations.knee import is_found
from harness.measure.results import Latency
from harness.measure.settlement import Settlement
from harness.measure.thresholds import ThresholdResult


class Verdict(StrEnum):
    """`verdict` of `summary.json`."""

    PASSED = "passed"
    FAILED = "failed"
    CONSERVATION_BROKEN = "conservation_broken"
    INCONCLUSIVE = "inconclusive"
    INTERRUPTED = "interrupted"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a scenario lets happen without calling it a failure."""

    failed: int = 0
    dlq: int = 0
    upload_failed: int = 0
    aborted: int = 0
    in_flight: int = 0
    not_started: int = 0
    lag_p99_ms: float = 1000.0
    """A generator later than this was the limit itself. A scenario's threshold on `lag` is stricter."""


class Decision(NamedTuple):
    """How a run ended."""

    verdict: Verdict
    exit_code: ExitCode
    reasons: list[str]
    generator_was_limit: bool = False
    """The load was not what it was to be, so the run says nothing about the pipeline."""


_VERDICTS = {
    ExitCode.INTERRUPTED: Verdict.INTERRUPTED,
    ExitCode.INTERNAL_ERROR: Verdict.ERROR,
    ExitCode.USAGE: Verdict.ERROR,
    ExitCode.NOT_READY: Verdict.ERROR,
    ExitCode.STACK_LOST: Verdict.ERROR,
    ExitCode.CONSERVATION: Verdict.CONSERVATION_BROKEN,
    ExitCode.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    ExitCode.THRESHOLD: Verdict.FAILED,
    ExitCode.PASSED: Verdict.PASSED,
}
_COUNTED = ("failed", "dlq", "upload_failed", "aborted", "in_flight")

Reason = tuple[ExitCode, str]


def decide(
    settlement: Settlement,
    thresholds: Sequence[ThresholdResult] = (),
    *,
    allowed: Allowed | None = None,
    interrupted: bool = False,
    stack_lost: str | None = None,
    generator_failure: Reason | None = None,
    knee: Mapping[str, Any] | None = None,
) -> Decision:
    """Weigh everything that was found.

    :param interrupted: the user stopped the run
    :param stack_lost: what died in mid-run, in a sentence
    :param generator_failure: why the load generator ended with an error of its own
    :param knee: `knee` of `summary.json`; where it was found, the generator may have been late above it
    """
    limits = allowed or Allowed()
    if is_found(knee):
        limits = replace(limits, not_started=settlement.counts["offered"], lag_p99_ms=math.inf)
    interrupted = interrupted or settlement.generator.stopped_by_user
    generator = _generator_limits(
        settlement, thresholds, limits, was_stopped=interrupted or stack_lost is not None
    )
    reasons: list[Reason] = [
        *([(ExitCode.INTERRUPTED, "the run was interrupted")] if interrupted else []),
        *([generator_failure] if generator_failure else []),
        *([(ExitCode.STACK_LOST, stack_lost)] if stack_lost else []),
        *((ExitCode.CONSERVATION, problem) for problem in settlement.problems),
        *((ExitCode.INCONCLUSIVE, text) for text in [*generator, *_unseen(settlement)]),
        *_above_allowed(settlement, limits),
        *((ExitCode.THRESHOLD, text) for text in settlement.expected.broken),
        *((ExitCode.THRESHOLD, _text(result)) for result in thresholds if result.verdict != "passed"),
    ]
    exit_code = worst(code for code, _ in reasons)
    return Decision(_VERDICTS[exit_code], exit_code, [text for _, text in reasons], bool(generator))


def _generator_limits(
    settlement: Settlement, thresholds: Sequence[ThresholdResult], allowed: Allowed, *, was_stopped: bool
) -> list[str]:
    """A generator that was late, offered less than its schedule, or nothing."""
    found = []
    counts, lag = settlement.counts, settlement.latency_ms.get("lag")
    if not counts["offered"]:
        found.append("no file was offered")
    if not was_stopped:
        found += settlement.generator.shortfalls
    if counts["not_started"] > allowed.not_started:
        found.append(f"the generator could not start {counts['not_started']} files in time")
    if _p99(lag) > allowed.lag_p99_ms:
        found.append(f"the generator was late: p99 of its lag is {_p99(lag):.0f} ms")
    if any(result.metric.startswith("lag.") and result.verdict == "failed" for result in thresholds):
        found.append("the generator was later than the scenario's threshold on its lag allows")
    return found


def _unseen(settlement: Settlement) -> list[str]:
    """Evidence that could not be had."""
    if settlement.unverified:
        return [f"the bytes of {settlement.unverified} delivered files could not be checked"]
    return []


def _p99(latency: Latency | None) -> float:
    return latency.p99 if latency and latency.p99 is not None else 0.0


def _above_allowed(settlement: Settlement, allowed: Allowed) -> list[Reason]:
    """What ended badly and was not to; files of which the scenario expects it need no allowance."""
    found = []
    for name in _COUNTED:
        expected, limit = settlement.expected.met_by.get(name, 0), getattr(allowed, name)
        if (count := settlement.counts[name] - expected) > limit:
            besides = f", besides {expected} that were to" if expected else ""
            found.append((ExitCode.THRESHOLD, f"{count} files {name}, {limit} allowed{besides}"))
    return found


def _text(result: ThresholdResult) -> str:
    if result.verdict == "no_samples":
        return f"threshold without samples: {result.name}"
    return f"threshold breached: {result.name} (measured {result.value:g}{result.unit})"
