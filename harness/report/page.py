"""What the page's template shows, worked out beforehand so that the template only lays out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from harness.measure.resources import ResourceSample
from harness.measure.results import Timeline
from harness.measure.sampling.series import Series
from harness.report import findings, overtime, text, work
from harness.report.aggregates import Aggregates, SlowFile, longest_stage
from harness.report.charts import latency as latency_charts
from harness.report.charts.timechart import TimeChart
from harness.report.grid import LatencyGrid
from harness.report.headline import VERDICT_WORDS, loss, sentences, worst_first
from harness.report.ledger import DEFECTS, LABELS, MEANING, Identity, identities
from harness.report.sections import expected, failures, generator, latency, sampled
from harness.report.stages import STAGES, WAY, Stage

PERCENTILES = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p999": "p99.9", "max": "max"}
"""Fields of a latency and their column heads."""


@dataclass(frozen=True)
class RunData:
    """Everything in a run folder that the page is made from."""

    summary: Mapping[str, Any]
    timeline: Timeline = field(default_factory=Timeline)
    resource_samples: Mapping[str, Sequence[ResourceSample]] = field(default_factory=dict)
    aggregates: Aggregates | None = None
    """`None` when the folder holds no `files.parquet`."""
    samples: Mapping[str, Series] = field(default_factory=dict)
    """Figures over time by name, such as `queue.work.depth`; see `harness.measure.sampling.series`."""


@dataclass(frozen=True)
class StageRow:
    """One line of the latency table."""

    stage: Stage
    latency: Mapping[str, Any] | None
    remark: str
    """Stands in for the numbers when there are none."""


@dataclass(frozen=True)
class SlowRow:
    """One line of the waterfall."""

    file: SlowFile
    bar: Markup
    longest: str


@dataclass(frozen=True)
class ResourceRow:
    """One process group. `cores` is the mean while sampled, `share` the part of all CPU that was used."""

    label: str
    style: str
    cpu_s: float | None
    cores: float | None
    share: float | None
    rss_max_mib: float | None


def context(data: RunData) -> dict[str, Any]:
    """Return the template's variables."""
    summary = data.summary
    looked_at = sampled.sampled(data.samples, start_of(data))
    charts = time_charts(data, [chart for found in looked_at.values() for chart in found.charts])
    return {
        "summary": summary,
        "files": summary["files"],
        "verdict": VERDICT_WORDS[summary["verdict"]],
        "sentences": sentences(summary),
        "loss": loss(summary),
        "thresholds": worst_first(summary["thresholds"]),
        "identities": identities(summary["files"]),
        "defects": [(name, summary["files"][name], MEANING[name]) for name in DEFECTS],
        "meaning": MEANING,
        "labels": LABELS,
        "evidence": evidence(summary),
        "charts": charts,
        "sampled": {section: [each.name for each in found.charts] for section, found in looked_at.items()},
        "at_zero": {section: found.at_zero for section, found in looked_at.items()},
        "findings": dict(findings.lines(summary)),
        "read_outs": embedded_json({name: chart.read_out() for name, chart in charts.items()}),
        "stage_rows": stage_rows(summary["latency_ms"]),
        "percentiles": PERCENTILES,
        "spread": latency_charts.percentiles(summary["latency_ms"], latency.spread(grid_of(data))),
        "left_edge": latency.left_edge(grid_of(data)),
        "histogram": histogram(data),
        "aggregates": data.aggregates,
        "slow_rows": slow_rows(data.aggregates),
        "way": WAY,
        "kind_rows": expected.rows(summary),
        "forgiven": expected.forgiven(summary),
        "generator": generator.sentences(summary),
        "worker_rows": generator.rows(summary),
        "workers_left_out": generator.left_out(summary),
        "failures": failures.rows(summary),
        "failures_left_out": failures.left_out(summary),
        "work": work.lines(summary),
        "variant": work.variant(summary.get("options") or {}),
        "sampled_s": sampled_s(data.resource_samples),
        "resource_rows": resource_rows(data),
    }


def time_charts(data: RunData, sampled_charts: Sequence[TimeChart]) -> dict[str, TimeChart]:
    """Return the charts over time that have something to show, by name, all over the same time."""
    start_at = start_of(data)
    charts = [
        overtime.rate_chart(data.timeline),
        overtime.backlog_chart(data.timeline),
        *latency.charts(grid_of(data), start_at),
        *sampled_charts,
        overtime.cpu_chart(data.resource_samples, start_at),
        overtime.memory_chart(data.resource_samples, start_at),
    ]
    shown = [chart for chart in charts if chart.has_data]
    span_s = max((chart.span_s for chart in shown), default=1.0)
    return {chart.name: replace(chart, span_s=span_s) for chart in shown}


def grid_of(data: RunData) -> LatencyGrid | None:
    """Return the counted latencies, where there are rows."""
    return data.aggregates.grid if data.aggregates else None


def start_of(data: RunData) -> float:
    """Return where the time axes begin, in epoch seconds."""
    return data.timeline.start_at or _first_sample_at(data.resource_samples)


def stage_rows(latency_ms: Mapping[str, Any]) -> list[StageRow]:
    """Return a row for each stage, also for those that have no numbers."""
    return [StageRow(stage, found, _remark(found)) for stage in STAGES for found in [latency_ms[stage.name]]]


def histogram(data: RunData) -> Markup | None:
    """Return the drawing of the end-to-end distribution with its p50 and p99."""
    grid = grid_of(data)
    if grid is None:
        return None
    end_to_end = data.summary["latency_ms"]["end_to_end"] or {}
    marks = {name: value for name in ("p50", "p99") if (value := end_to_end.get(name)) is not None}
    return latency_charts.histogram(grid.buckets("end_to_end"), marks)


def slow_rows(aggregates: Aggregates | None) -> list[SlowRow]:
    """Return the slowest files, the slowest first."""
    slowest = aggregates.slowest if aggregates else []
    longest_ms = max((file.end_to_end_ms for file in slowest), default=0.0)
    return [SlowRow(file, latency_charts.waterfall(file, longest_ms), _longest(file)) for file in slowest]


def resource_rows(data: RunData) -> list[ResourceRow]:
    """Return a row for each process group of the summary."""
    groups = data.summary["resources"]
    total_s = sum(use["cpu_s"] or 0 for use in groups.values())
    over_s = sampled_s(data.resource_samples)
    return [
        ResourceRow(
            overtime.group_label(name),
            overtime.group_style(name),
            use["cpu_s"],
            _ratio(use["cpu_s"], over_s),
            _ratio(use["cpu_s"], total_s),
            use["rss_max_mib"],
        )
        for name, use in groups.items()
    ]


def sampled_s(samples: Mapping[str, Sequence[ResourceSample]]) -> float:
    """Return how long processes were looked at, in seconds."""
    times = [sample.at for group in samples.values() for sample in group]
    return max(times) - min(times) if times else 0.0


def evidence(summary: Mapping[str, Any]) -> str:
    """Say what stands behind `corrupted`, which is worth nothing unless bytes were read back."""
    verified, delivered = summary.get("verified"), summary["files"]["delivered"]
    if verified is None:
        return "How many delivered files were read back is not recorded."
    read = f"Read back and hashed (SHA-256): {verified:,} of {delivered:,} delivered."
    return " ".join([read, *_compared(summary.get("verification", {}))])


def _compared(verification: Mapping[str, Any]) -> Iterator[str]:
    if verification.get("method") != "sample":
        return
    yield f"That is a seeded sample, a share of {verification['share']:.3g}."
    told = {
        "by_etag": "by size and ETag (MD5) as S3 lists them",
        "by_size": "by size only",
        "by_sample": "by the sample only",
    }
    others = [f"{verification[name]:,} {how}" for name, how in told.items() if verification[name]]
    yield f"Checked otherwise: {', '.join(others)}."


def embedded_json(content: Any) -> Markup:
    """Return JSON that no text inside can turn into markup, for a `<script type="application/json">`."""
    dumped = json.dumps(content, separators=(",", ":"))
    for character in "<>&":
        dumped = dumped.replace(character, f"\\u{ord(character):04x}")
    return Markup(dumped)  # noqa: S704  (every character that could end the element was just escaped)


def identity_terms(identity: Identity) -> list[tuple[str, str, int]]:
    """Return the parts of an identity with the sign before each."""
    signs = ["=" if identity.holds else "≠", *["+"] * (len(identity.parts) - 1)]
    return [(sign, name, count) for sign, (name, count) in zip(signs, identity.parts.items(), strict=True)]


def _remark(latency: Mapping[str, Any] | None) -> str:
    if latency is None:
        return "this route has no such stage"
    return "" if latency["count"] else text.NO_SAMPLES


def _longest(file: SlowFile) -> str:
    found = longest_stage(file)
    return f"{found[0]} {text.milliseconds(found[1])}" if found else text.UNKNOWN


def _ratio(part: float | None, whole: float) -> float | None:
    return part / whole if part is not None and whole > 0 else None


def _first_sample_at(samples: Mapping[str, Sequence[ResourceSample]]) -> float:
    return min((sample.at for group in samples.values() for sample in group), default=0.0)
