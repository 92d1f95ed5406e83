"""What a report is made of. Times are seconds since the epoch, and `None` always means "not known"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.measure.records import FileRecord


@dataclass(frozen=True)
class EngineFacts:
    """Which AWS API the run used, and what it does differently (sentences)."""

    name: str
    mode: str
    version: str
    differs_from_aws: Sequence[str] = ()


@dataclass(frozen=True)
class MachineFacts:
    """The machine that everything ran on."""

    cores: int
    memory_gib: float
    python: str


@dataclass(frozen=True)
class Provenance:
    """What exactly was run. A hash is `None` where the thing is unknown, such as outside a checkout."""

    command: str
    machine: MachineFacts
    git_commit: str | None = None
    template_sha256: str | None = None
    handlers_sha256: str | None = None
    pins_sha256: str | None = None


@dataclass(frozen=True)
class RunFacts:
    """The run itself. `duration_s` is the length of the load, without set-up and settling."""

    run_id: str
    scenario: str
    route: str
    seed: int
    started_at: float
    duration_s: float
    engine: EngineFacts
    provenance: Provenance


@dataclass(frozen=True)
class Rate:
    """Mean rates over `window_s` seconds; `None` when the window is empty."""

    offered_per_s: float | None
    delivered_per_s: float | None
    window_s: float | None = None


@dataclass(frozen=True)
class Latency:
    """One stage in milliseconds. Without samples every field but `count` is `None`."""

    count: int
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class FailureExample:
    """One file of a failure group."""

    ledger_id: str
    key: str
    message: str = ""


@dataclass(frozen=True)
class Failure:
    """Files that ended badly in one stage for one cause."""

    stage: str
    cause: str
    count: int
    examples: Sequence[FailureExample] = ()


@dataclass(frozen=True)
class Threshold:
    """A judged condition. `value` is in `unit`, `None` when there were no samples."""

    name: str
    value: float | None
    verdict: str
    """`passed`, `failed` or `no_samples`."""
    unit: str = ""


@dataclass(frozen=True)
class Timeline:
    """Counts per interval from `start_at` on; `backlog` is the number of files under way at its end."""

    start_at: float = 0.0
    interval_s: float = 1.0
    offered: Sequence[int] = ()
    uploaded: Sequence[int] = ()
    delivered: Sequence[int] = ()
    failed: Sequence[int] = ()
    backlog: Sequence[int] = ()


@dataclass(frozen=True)
class ResourceSample:
    """One reading: CPU in per cent of one core since the reading before, and resident memory."""

    at: float
    cpu_percent: float
    rss_mib: float


@dataclass(frozen=True)
class ResourceUse:
    """What a process group used; `None` where it could not be measured."""

    cpu_s: float | None = None
    rss_max_mib: float | None = None
    samples: Sequence[ResourceSample] = ()


@dataclass(frozen=True)
class ReportInputs:
    """Everything that `write_reports` needs."""

    facts: RunFacts
    records: Iterable[FileRecord]
    """One per offered file; walked once."""
    counts: Mapping[str, int]
    """`files` of the contract: `offered` … `corrupted`."""
    rate: Rate
    latency_ms: Mapping[str, Latency | None]
    """By stage; `None` where the route has no such stage."""
    thresholds: Sequence[Threshold]
    verdict: str
    bytes_uploaded: int = 0
    bytes_delivered: int = 0
    verified: int | None = None
    """Delivered files whose bytes were read back and hashed."""
    failures: Sequence[Failure] = ()
    timeline: Timeline = field(default_factory=Timeline)
    resources: Mapping[str, ResourceUse] = field(default_factory=dict)
    notes: Sequence[str] = ()
    """Sentences that a reader must know, e.g. what could not be measured."""
