"""Synthetic runs for tests of the report: records first, and counts that follow from them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from harness.measure import conservation, failures
from harness.measure.records import FileRecord, Outcome
from harness.measure.resources import ResourceSample, ResourceUse
from harness.measure.results import Bytes, Failure, FailureExample
from harness.measure.sampling.series import FunctionUse, Samples, SamplingCost, Series
from harness.measure.settlement import Settlement
from harness.measure.stages import latencies
from harness.measure.thresholds import ThresholdResult, evaluate, parse_thresholds
from harness.measure.timeline import rate_of, timeline_of
from harness.report.inputs import EngineFacts, ReportInputs, RunFacts
from harness.report.ledger import UPLOADED_PARTS

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
        made.destination_versions = int(outcome is Outcome.DELIVERED)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def took(sequence: int, seconds: float) -> FileRecord:
    """Return a delivered file of which so long went by from its intended time to its end."""
    intended_at = START + sequence
    return record(sequence, intended_at=intended_at, handler_ended_at=intended_at + seconds)


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


def settlement(records: Sequence[FileRecord], **changes: Any) -> Settlement:
    """Return the figures of these records as measuring works them out."""
    timeline = timeline_of(records)
    delivered = [each for each in records if each.outcome is Outcome.DELIVERED]
    counts = conservation.count(records)
    values: dict[str, Any] = {
        "records": list(records),
        "counts": counts,
        "bytes": Bytes(
            sum(each.size_bytes for each in records if each.outcome in UPLOADED),
            sum(each.size_bytes for each in delivered),
        ),
        "rate": rate_of(records, timeline),
        "latency_ms": latencies(records, has_queue=True),
        "failures": failures.group(records),
        "timeline": timeline,
        "problems": conservation.problems(counts, offered=counts["offered"], uploaded=counts["uploaded"]),
        "verified": len(delivered),
    }
    return Settlement(**{**values, **changes})


def thresholds(settled: Settlement, *texts: str) -> list[ThresholdResult]:
    return evaluate(parse_thresholds(texts or ("end_to_end.p99 < 5s", "files.delivered > 0")), settled)


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
        "provenance": {
            "git_commit": "b2ae2a1d" * 5,
            "template_sha256": "a1" * 32,
            "handlers_sha256": "b2" * 32,
            "pins_sha256": "c3" * 32,
            "command": "floodgate run million-a-day --minutes 2",
            "machine": {"cores": 4, "memory_gib": 23.4, "python": "3.11.7"},
        },
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
    return {name: _use(cpu, memory, seconds, generator) for name, (cpu, memory) in levels.items()}


def _use(cpu: float, memory: float, seconds: int, generator: random.Random) -> ResourceUse:
    use = ResourceUse(cpu * seconds / 100, memory * 1.2)
    for second in range(seconds):
        cpu_percent, rss_mib = cpu * generator.uniform(0.7, 1.3), memory * (1 + 0.2 * second / seconds)
        use.add(ResourceSample(START + second, cpu_percent, rss_mib))
    return use


def samples(seconds: int = 120) -> Samples:
    """Return a queue that fills and drains, and sessions, looked at every two seconds."""
    at = [START + second for second in range(0, seconds, 2)]
    half = len(at) / 2
    depths = [round(300 * (1 - abs(look - half) / half)) for look in range(len(at))]
    series = {
        "queue.work.depth": Series("messages", at, depths),
        "queue.work.oldest_age": Series("s", at, [depth / 50 for depth in depths]),
        "lambda.worker.concurrency": Series("invocations", at, [min(10, depth) for depth in depths]),
        "sftp.sessions": Series("sessions", at, [20.0] * len(at)),
    }
    cost = SamplingCost(cpu_s=1.2, looks=len(at), machine_share=0.0025)
    return Samples(series, cost, {"worker": FunctionUse(520, 2, 1, 84.5, 10)})


KNEE = {
    "method": "a step is sustained when its backlog did not grow",
    "sustained_per_s": 20.0,
    "first_failed_per_s": 40.0,
    "steps": [
        {
            "rate_per_s": rate,
            "from_s": from_s,
            "to_s": from_s + 60,
            "offered": round(rate * 60),
            "delivered_per_s": min(rate, 30.0),
            "backlog_slope_per_s": max(rate - 30.0, 0.0),
            "p99_ms": 800.0,
            "verdict": "sustained" if rate < 30 else "not_sustained",
            "reason": "the backlog did not grow" if rate < 30 else "the backlog grew by 10.0 files/s",
        }
        for rate, from_s in ((20.0, 0.0), (40.0, 60.0))
    ],
}
DRIFT = {
    "method": "slope by least squares",
    "figures": [
        {
            "name": "memory.engine",
            "unit": "MiB",
            "count": 100,
            "start": 410.0,
            "slope_per_h": 12.5,
            "low_per_h": 8.0,
            "high_per_h": 17.0,
            "verdict": "rising",
        }
    ],
}


def inputs(records: Sequence[FileRecord] | None = None, **changes: Any) -> ReportInputs:
    """Return the inputs of a run with these files; by default a passed one of 50 files."""
    settled = settlement([record(sequence) for sequence in range(50)] if records is None else records)
    values: dict[str, Any] = {
        "facts": facts(),
        "settlement": settled,
        "thresholds": thresholds(settled),
        "verdict": "passed",
        "resources": resources(),
        "samples": samples(),
        "knee": KNEE,
        "drift": DRIFT,
    }
    return ReportInputs(**{**values, **changes})


def failed_inputs(key: str = "customer-01/incoming/x.csv", message: str = "not found") -> ReportInputs:
    """Return the inputs of a run in which one of two files failed for a reason of its own words."""
    example = FailureExample("20261122-194808-3f9a-0000001", key, message)
    settled = settlement(
        [record(0), record(1, Outcome.FAILED, key=key, cause="NoSuchKey", error_message=message)],
        failures=[Failure("transfer", "NoSuchKey", 1, [example])],
    )
    return inputs(settlement=settled, thresholds=thresholds(settled, "files.failed == 0"), verdict="failed")
