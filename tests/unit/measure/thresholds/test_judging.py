"""Every metric finds its figure."""

from __future__ import annotations

import pytest

from harness.measure.expected import Expected
from harness.measure.records import Outcome
from harness.measure.resources import ResourceSample, ResourceUse
from harness.measure.sampling.series import FunctionUse, Samples, SamplingCost, Series
from harness.measure.settlement import Settlement
from harness.measure.thresholds import METRICS, Figures, ThresholdResult, evaluate, parse_thresholds
from harness.measure.thresholds.metrics import OF_ROLES, kind_of
from tests.unit.report import builders

pytestmark = pytest.mark.unit

ROLES = {"resources": "engine", "queue": "work", "lambda": "worker", "sfn": "parent", "drift": "engine"}


def series(unit: str, *values: float) -> Series:
    return Series(unit, [float(at) for at in range(len(values))], values)


FIGURES = Figures(
    resources={
        "engine": ResourceUse(30.0, 512.0, [ResourceSample(at, 50.0, 500.0) for at in (10.0, 70.0)]),
        "sftp": ResourceUse(),
    },
    samples=Samples(
        series={
            "backlog.oldest_age": series("s", 1.0, 3.0, 2.0),
            "queue.work.depth": series("messages", 0, 30, 6),
            "queue.work.oldest_age": series("s", 0.5),
            "queue.work.receives": series("receives", 2),
            "lambda.worker.concurrency": series("invocations", 10),
            "lambda.worker.duration": series("ms", 80.0),
            "sfn.parent.running": series("executions", 4),
            "sftp.sessions": series("sessions", 20),
            "sftp.logins": series("1/s", 0.5),
            "queue.dlq.depth": series("messages"),
        },
        cost=SamplingCost(1.0, 10, 0.004),
        functions={"worker": FunctionUse(100, 2, 3, 80.0, 10), "starter": FunctionUse(50, 1, 0, 8.0, 2)},
    ),
    knee={"sustained_per_s": 20.0},
    drift={
        "figures": [
            {"name": "memory.engine", "verdict": "rising", "slope_per_h": 12.5, "counted": False},
            {"name": "memory.functions", "verdict": "rising", "slope_per_h": 2.5, "counted": True},
            {"name": "memory.sftp", "verdict": "unknown", "slope_per_h": None},
            {"name": "latency.p50", "verdict": "steady", "slope_per_h": 1.0},
            {"name": "latency.p99", "verdict": "falling", "slope_per_h": -30.0},
        ]
    },
)


def settlement() -> Settlement:
    records = [builders.record(number) for number in range(48)]
    records += [builders.record(number, Outcome.FAILED) for number in (48, 49)]
    return builders.settlement(
        records,
        executions={"parent": {"SUCCEEDED": 40, "FAILED": 2, "TIMED_OUT": 1}},
        expected=Expected(as_expected=49, unexpected=1),
    )


def judged(text: str, figures: Figures | None = FIGURES) -> ThresholdResult:
    (result,) = evaluate(parse_thresholds([text]), settlement(), figures)
    return result


@pytest.mark.parametrize(
    "metric",
    [*METRICS, *(metric.replace("<role>", ROLES[metric.partition(".")[0]]) for metric in OF_ROLES)],
)
def test_every_metric_can_be_judged(metric: str) -> None:
    kind = kind_of(metric)
    assert kind is not None
    assert judged(f"{metric} == 7{next(iter(kind.units), '')}").verdict != "no_samples"


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("resources.engine.cpu_mean <= 50%", 50, "passed"),
        ("resources.engine.cpu < 1m", 0.5, "passed"),
        ("resources.engine.rss_max < 0.5GiB", 0.5, "failed"),
        ("queue.work.depth.max <= 30", 30, "passed"),
        ("queue.work.depth.mean == 12", 12, "passed"),
        ("queue.work.depth.last < 6", 6, "failed"),
        ("queue.work.oldest_age.max < 1s", 0.5, "passed"),
        ("backlog.oldest_age.mean == 2000ms", 2000, "passed"),
        ("lambda.worker.errors == 0", 2, "failed"),
        ("lambda.all.errors == 3", 3, "passed"),
        ("lambda.worker.duration.max < 0.1s", 0.08, "passed"),
        ("sfn.parent.failed == 3", 3, "passed"),
        ("sfn.parent.started == 43", 43, "passed"),
        ("sftp.logins.max <= 30/min", 30, "passed"),
        ("sampling.share < 2%", 0.4, "passed"),
        ("files.failed <= 4%", 4, "passed"),
        ("files.failed < 4%", 4, "failed"),
        ("files.unexpected == 1", 1, "passed"),
        ("files.as_expected >= 98%", 98, "passed"),
        ("failures.share <= 2%", 2, "passed"),
        ("failures.share == 0", 2, "failed"),
        ("knee.sustained >= 20/s", 20, "passed"),
        ("drift.rising == 0", 1, "failed"),
        ("drift.engine.memory < 13MiB/h", 12.5, "passed"),
        ("drift.latency.p99 <= 0", -30, "passed"),
    ],
)
def test_figures_are_judged_in_the_unit_of_the_text(text: str, value: float, verdict: str) -> None:
    result = judged(text)
    assert result.value == pytest.approx(value)
    assert result.verdict == verdict


@pytest.mark.parametrize(
    "text",
    [
        "queue.ingress.depth.max == 0",
        "queue.dlq.depth.max == 0",
        "lambda.validate.errors == 0",
        "sfn.child.failed == 0",
        "resources.stand-ins.rss_max < 1GiB",
        "resources.sftp.cpu_mean < 100%",
        "drift.sftp.memory < 1MiB/h",
    ],
)
def test_a_part_that_the_stack_lacks_has_no_samples(text: str) -> None:
    assert judged(text).verdict == "no_samples"


@pytest.mark.parametrize(
    "text",
    [
        "knee.sustained > 0",
        "drift.rising == 0",
        "sampling.share < 2%",
        "lambda.all.errors == 0",
        "sftp.sessions.max > 0",
    ],
)
def test_what_nobody_measured_has_no_samples(text: str) -> None:
    assert judged(text, None).verdict == "no_samples"
