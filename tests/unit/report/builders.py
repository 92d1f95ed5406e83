"""Synthetic runs for tests of the report: records first, and counts that follow from them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.measure.records import FileRecord, Outcome
from harness.report.inputs import (
    EngineFacts,
    Failure,
    FailureExample,
    Latency,
    MachineFacts,
    Provenance,
    Rate,
    ReportInputs,
    ResourceSample,
    ResourceUse,
    RunFacts,
    Threshold,
    Timeline,
)
from harness.report.ledger import OFFERED_PARTS, UPLOADED_PARTS
from harness.report.stages import STAGES

START = 1_795_376_888.25
"""2026-11-22T19:48:08.250Z"""
UPLOADED = {Outcome(name) for name in UPLOADED_PARTS}


def record(sequence: int = 0, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> FileRecord:
    """Return one file that took 20 ms per stage, or stopped where its outcome says."""
    ledger_id = f"20261122-194808-3f9a-{sequence:07d}"
    customer = f"customer-{sequence % 20:02d}"
    intended_at = changes.pop("intended_at", START + sequence / 11.6)
    made = FileRecord(
        ledger_id=ledger_id,
        key=f"{customer}/incoming/{ledger_id}.csv",
        customer_id=customer,
        size_bytes=10_240,
        intended_at=intended_at,
        outcome=outcome,
    )
    if outcome is not Outcome.NOT_STARTED:
        made.started_at = intended_at + 0.001
    if outcome in UPLOADED:
        made.file_id, made.version_id = f"{sequence:032x}", f"v{sequence}"
        made.closed_at = intended_at + 0.02
    if outcome in (Outcome.DELIVERED, Outcome.FAILED):
        made.queued_at, made.first_received_at = intended_at + 0.04, intended_at + 0.06
        made.handler_started_at, made.handler_ended_at = intended_at + 0.07, intended_at + 0.1
        made.attempts = 1
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def random_records(amount: int, seed: int = 7) -> Iterator[FileRecord]:
    """Yield delivered files whose stages take lognormal times, with a burst of slow ones in the middle."""
    generator = random.Random(seed)
    for sequence in range(amount):
        slow = 6.0 if 0.45 < sequence / amount < 0.55 else 1.0
        made = record(sequence)
        at = made.intended_at
        for name, typical_s in (
            ("started_at", 0.0015),
            ("closed_at", 0.018),
            ("queued_at", 0.03),
            ("first_received_at", 0.12 * slow),
            ("handler_started_at", 0.02),
            ("handler_ended_at", 0.09),
        ):
            at += generator.lognormvariate(0, 0.6) * typical_s
            setattr(made, name, at)
        yield made


def counts(records: Iterable[FileRecord], duplicated: int = 0, corrupted: int = 0) -> dict[str, int]:
    """Return `files` of the contract for these records."""
    found = Counter(str(each.outcome) for each in records)
    files = {name: found[name] for name in (*OFFERED_PARTS[:-1], *UPLOADED_PARTS)}
    uploaded = sum(found[name] for name in UPLOADED_PARTS)
    extra = {"duplicated": duplicated, "corrupted": corrupted}
    return {"offered": sum(found.values()), "uploaded": uploaded, **files, **extra}


def latencies(records: Sequence[FileRecord]) -> dict[str, Latency | None]:
    return {stage.name: _latency(records, stage.start, stage.end) for stage in STAGES}


def _latency(records: Sequence[FileRecord], start: str, end: str) -> Latency:
    pairs = ((getattr(each, start), getattr(each, end)) for each in records)
    samples = sorted((b - a) * 1000 for a, b in pairs if a is not None and b is not None)
    if not samples:
        return Latency(0)
    ranks = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
    return Latency(
        len(samples), *(samples[min(len(samples) - 1, int(rank * len(samples)))] for rank in ranks)
    )


def timeline(records: Sequence[FileRecord]) -> Timeline:
    """Return counts per second."""
    if not records:
        return Timeline(START)
    last = max((each.handler_ended_at or each.intended_at) for each in records)
    seconds = int(last - START) + 1
    columns = {
        "offered": [each.intended_at for each in records],
        "uploaded": [each.closed_at for each in records],
        "delivered": [each.handler_ended_at for each in records if each.outcome is Outcome.DELIVERED],
        "failed": [each.handler_ended_at for each in records if each.outcome is Outcome.FAILED],
    }
    per_second = {name: _per_second(times, seconds) for name, times in columns.items()}
    backlog, under_way = [], 0
    for second in range(seconds):
        gone = per_second["delivered"][second] + per_second["failed"][second]
        under_way += per_second["uploaded"][second] - gone
        backlog.append(under_way)
    return Timeline(START, 1.0, backlog=backlog, **per_second)


def _per_second(times: Iterable[float | None], seconds: int) -> list[int]:
    found = Counter(int(at - START) for at in times if at is not None)
    return [found[second] for second in range(seconds)]


def facts(**changes: Any) -> RunFacts:
    values: dict[str, Any] = {
        "run_id": "20261122-194808-3f9a",
        "scenario": "million-a-day",
        "route": "queued",
        "seed": 1,
        "started_at": START,
        "duration_s": 120.0,
        "engine": EngineFacts(
            "localstack",
            "host",
            "4.9.2",
            ("IAM and bucket policies are not enforced.", "A rule target's dead-letter queue is ignored."),
        ),
        "provenance": Provenance(
            "floodgate run million-a-day --minutes 2",
            MachineFacts(4, 23.4, "3.11.7"),
            "b2ae2a1d" * 5,
            "a1" * 32,
            "b2" * 32,
            "c3" * 32,
        ),
    }
    return RunFacts(**{**values, **changes})


def resources(seconds: int = 120) -> dict[str, ResourceUse]:
    """Return four process groups with one sample a second."""
    levels = {
        "engine": (95.0, 410.0),
        "functions": (55.0, 620.0),
        "sftp": (12.0, 90.0),
        "load": (18.0, 150.0),
    }
    generator = random.Random(3)
    return {
        name: ResourceUse(
            cpu * seconds / 100,
            memory * 1.2,
            [
                ResourceSample(
                    START + second, cpu * generator.uniform(0.7, 1.3), memory * (1 + 0.2 * second / seconds)
                )
                for second in range(seconds)
            ],
        )
        for name, (cpu, memory) in levels.items()
    }


def inputs(records: Sequence[FileRecord] | None = None, **changes: Any) -> ReportInputs:
    """Return the inputs of a run with these files; by default a passed one of 50 files."""
    files = [record(sequence) for sequence in range(50)] if records is None else records
    latency = latencies(files)
    end_to_end = latency["end_to_end"]
    p99 = end_to_end.p99 if end_to_end else None
    delivered = sum(each.outcome is Outcome.DELIVERED for each in files)
    values: dict[str, Any] = {
        "facts": facts(),
        "records": files,
        "counts": counts(files),
        "rate": Rate(len(files) / 120, delivered / 120, 120.0) if files else Rate(None, None),
        "latency_ms": latency,
        "thresholds": [
            Threshold("end_to_end.p99 < 5s", p99, "no_samples" if p99 is None else "passed", "ms"),
            Threshold("delivered.rate > 11/s", 11.6, "passed", "files/s"),
        ],
        "verdict": "passed",
        "bytes_uploaded": 10_240 * len(files),
        "bytes_delivered": 10_240 * delivered,
        "verified": delivered,
        "timeline": timeline(files),
        "resources": resources(),
    }
    return ReportInputs(**{**values, **changes})


def failure(key: str = "customer-01/incoming/x.csv", message: str = "not found") -> Failure:
    return Failure("transfer", "NoSuchKey", 1, [FailureExample("20261122-194808-3f9a-0000001", key, message)])
