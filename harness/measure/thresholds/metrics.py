"""Which figures a threshold may name."""

from __future__ import annotations

from collections.abc import Mapping

from harness.measure.conservation import AFTER_UPLOAD, NOT_UPLOADED
from harness.measure.stages import STAGES
from harness.measure.thresholds.kinds import (
    CORES,
    COUNT,
    FILES,
    MEAN,
    MEMORY_GROWTH,
    RATE,
    SHARE,
    SIZE,
    SLOPE,
    TIME,
    TIME_GROWTH,
    Kind,
)

PERCENTILES = ("p50", "p90", "p95", "p99", "p999", "max")
_OUTCOMES = (
    "offered",
    "uploaded",
    "partial",
    "duplicated",
    "corrupted",
    "as_expected",
    "unexpected",
    *map(str, NOT_UPLOADED),
    *map(str, AFTER_UPLOAD),
)


def _sampled(name: str, most: Kind, mean: Kind) -> dict[str, Kind]:
    """Return the three statistics of a sampled figure."""
    return {f"{name}.max": most, f"{name}.mean": mean, f"{name}.last": most}


METRICS: Mapping[str, Kind] = {
    **{f"{stage}.{statistic}": TIME for stage in STAGES for statistic in PERCENTILES},
    **{f"{stage}.count": COUNT for stage in STAGES},
    **{f"files.{name}": FILES for name in sorted(_OUTCOMES)},
    "failures.share": SHARE,
    "rate.offered": RATE,
    "rate.delivered": RATE,
    "bytes.uploaded": SIZE,
    "bytes.delivered": SIZE,
    "backlog.slope": SLOPE,
    "backlog.max": COUNT,
    "backlog.end": COUNT,
    **_sampled("backlog.oldest_age", TIME, TIME),
    "attempts.retried": COUNT,
    "attempts.most": COUNT,
    "attempts.redriven": COUNT,
    **_sampled("sftp.sessions", COUNT, MEAN),
    **_sampled("sftp.logins", RATE, RATE),
    "sampling.share": SHARE,
    "knee.sustained": RATE,
    "drift.rising": COUNT,
    "drift.latency.p50": TIME_GROWTH,
    "drift.latency.p99": TIME_GROWTH,
}
"""Figures of every run, by name."""

ROLE = "<role>"
OF_ROLES: Mapping[str, Kind] = {
    "resources.<role>.cpu": TIME,
    "resources.<role>.cpu_mean": CORES,
    "resources.<role>.rss_max": SIZE,
    **_sampled("queue.<role>.depth", COUNT, MEAN),
    **_sampled("queue.<role>.oldest_age", TIME, TIME),
    **_sampled("queue.<role>.receives", COUNT, MEAN),
    "lambda.<role>.invocations": COUNT,
    "lambda.<role>.errors": COUNT,
    "lambda.<role>.throttles": COUNT,
    **_sampled("lambda.<role>.concurrency", COUNT, MEAN),
    **_sampled("lambda.<role>.duration", TIME, TIME),
    "drift.<role>.memory": MEMORY_GROWTH,
    "sfn.<role>.started": COUNT,
    "sfn.<role>.failed": COUNT,
    **_sampled("sfn.<role>.running", COUNT, MEAN),
}
"""Figures of a part of the stack: process group, queue, function or state machine. Which roles there are,
only the stack knows; a role that it does not have has no samples."""


def kind_of(metric: str) -> Kind | None:
    """Return what a metric is measured in, `None` where there is none of that name."""
    return METRICS.get(metric) or OF_ROLES.get(general(metric))


def general(metric: str) -> str:
    """Return the name with its second part, the role, taken out."""
    group, _, rest = metric.partition(".")
    return f"{group}.{ROLE}.{rest.partition('.')[2]}"


def known(group: str) -> str:
    """Say which metrics there are in a group, or which groups."""
    every = [*METRICS, *OF_ROLES]
    names = [metric for metric in every if metric.startswith(f"{group}.")]
    groups = sorted({metric.partition(".")[0] for metric in every})
    return f"known: {', '.join(names)}" if names else f"metrics begin with {', '.join(groups)}"
