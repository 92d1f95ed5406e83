"""One examination of the machine: the findings, and what follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from harness.clock import now, to_iso
from harness.doctor.catalogue import COMPOSE, DEFAULT, ENGINES, all_checks, checks_for, is_address
from harness.doctor.check import Check, look_at_all
from harness.doctor.finding import Finding, Status
from harness.engines.url import RunningEndpoint
from harness.exceptions import UsageError

SCHEMA_VERSION = 1
"""Of `floodgate doctor --json`, whose schema is `doctor.schema.json`."""


@dataclass(frozen=True)
class Examination:
    """What was found.

    :param engine: what had to work
    """

    engine: str
    findings: Sequence[Finding]

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing that the engine needs."""
        return not any(finding.status is Status.FAILED for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        counts = Counter(finding.status for finding in self.findings)
        return {
            "schema_version": SCHEMA_VERSION,
            "floodgate": version("floodgate-harness"),
            "examined_at": to_iso(now()),
            "engine": self.engine,
            "ready": self.is_ready,
            "counts": {status.value: counts[status] for status in Status},
            "findings": [finding.to_json() for finding in self.findings],
        }


def examine(engine: str | None = None, checks: Sequence[Check] | None = None) -> Examination:
    """Look at everything, or at what one engine needs.

    :param engine: `localstack`, `localstack:docker`, `ministack`, `aws`, an address, or `compose`; None looks
        at all, and the host engine must work
    :param checks: instead of those of the catalogue
    :raises UsageError: no such engine, or no such address
    """
    chosen = DEFAULT if engine is None else engine
    if chosen not in ENGINES and not is_address(chosen):
        names = ", ".join(name for name in ENGINES if name != COMPOSE)
        raise UsageError(f"there is no engine {chosen!r}", hint=f"{names}, a URL, or {COMPOSE}")
    if is_address(chosen):
        RunningEndpoint(chosen)
    if checks is None:
        checks = all_checks(chosen) if engine is None else checks_for(chosen)
    return Examination(chosen, look_at_all(checks, chosen))
