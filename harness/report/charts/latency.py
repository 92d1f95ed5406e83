"""Latency drawings: the spread of each stage, the distribution end to end, the slowest files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from harness.report import text
from harness.report.aggregates import SlowFile
from harness.report.charts.scales import LinearScale, LogScale
from harness.report.charts.svg import percent, picture, tag
from harness.report.grid import Bucket
from harness.report.stages import STAGES, WAY, Stage

ROW_HEIGHT = 46
BAR_HEIGHT = 16
HISTOGRAM_HEIGHT = 170
_MARK_ROW_HEIGHT = 15
_HILL_HEIGHT = 28
_BASE = 36
"""Where the line of a row lies, below its hill."""
_SHOWN = ("p50", "p95", "p99", "max")


def percentiles(latency_ms: Mapping[str, Any], spread: Mapping[str, Sequence[Bucket]]) -> Markup | None:
    """Draw p50 to max of each stage on one logarithmic axis; `None` when no stage has samples.

    :param spread: distribution of each stage, drawn as a hill over its line; each as high as its own peak
    """
    sampled = [(stage, latency_ms[stage.name]) for stage in STAGES if has_samples(latency_ms, stage)]
    if not sampled:
        return None
    ends = [
        edge
        for buckets in spread.values()
        if buckets
        for edge in (buckets[0].from_ms * 1.0001, buckets[-1].to_ms)
    ]
    scale = LogScale.covering([*ends, *(latency[name] for _, latency in sampled for name in _SHOWN)])
    height = ROW_HEIGHT * len(sampled)
    rows = [
        part
        for index, (stage, latency) in enumerate(sampled)
        for part in (
            *_hill(index, stage, spread.get(stage.name, ()), scale),
            *_spread(index, stage, latency, scale),
        )
    ]
    return picture(
        *_log_axis(scale, height),
        *rows,
        height=height,
        title="Latency by stage",
        description="; ".join(f"{stage.label}: {_in_words(latency)}" for stage, latency in sampled),
    )


def has_samples(latency_ms: Mapping[str, Any], stage: Stage) -> bool:
    latency = latency_ms.get(stage.name)
    return latency is not None and latency["count"] > 0


def _spread(index: int, stage: Stage, latency: Mapping[str, Any], scale: LogScale) -> list[Markup]:
    y = ROW_HEIGHT * index + _BASE
    at = {name: percent(scale.share(latency[name])) for name in _SHOWN}
    kind = f"stage-{stage.name}"
    return [
        tag("text", stage.label, x=-10, y=y, dy="0.32em", class_="tick end strong"),
        tag("line", x1=at["p50"], x2=at["max"], y1=y, y2=y, class_=f"whisker {kind}"),
        tag("line", x1=at["p50"], x2=at["p99"], y1=y, y2=y, class_=f"spread {kind}"),
        *(
            tag(
                "circle",
                tag("title", f"{stage.label} {name}: {text.milliseconds(latency[name])}"),
                cx=at[name],
                cy=y,
                r=5.5 if name == "p50" else 4.5,
                class_=f"mark mark-{name} {kind}",
            )
            for name in reversed(_SHOWN)
        ),
    ]


def _hill(index: int, stage: Stage, buckets: Sequence[Bucket], scale: LogScale) -> list[Markup]:
    """Draw a stage's distribution."""
    tallest = max((bucket.files for bucket in buckets), default=0)
    parts = []
    for bucket in buckets:
        left, right = scale.share(bucket.from_ms), scale.share(bucket.to_ms)
        height = _HILL_HEIGHT * bucket.files / tallest
        if not bucket.files or right <= left:
            continue
        span = f"{text.milliseconds(bucket.from_ms)} to {text.milliseconds(bucket.to_ms)}"
        parts.append(
            tag(
                "rect",
                tag("title", f"{stage.label}, {span}: {text.files(bucket.files)}"),
                x=percent(left),
                width=percent(max(0.001, right - left - 0.001)),
                y=round(ROW_HEIGHT * index + _BASE - max(height, 0.7), 1),
                height=round(max(height, 0.7), 1),
                class_=f"hill stage-{stage.name}",
            )
        )
    return parts


def _in_words(latency: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {text.milliseconds(latency[name])}" for name in _SHOWN)


def _log_axis(scale: LogScale, height: float) -> list[Markup]:
    parts = []
    for index, tick in enumerate(scale.ticks()):
        x, every_second = percent(scale.share(tick)), " crowded" if index % 2 else ""
        parts.append(tag("line", x1=x, x2=x, y1="0", y2=height, class_="grid"))
        parts.append(tag("text", scale.label(tick), x=x, y=height + 18, class_=f"tick middle{every_second}"))
    return parts


def histogram(buckets: Sequence[Bucket], marks_ms: Mapping[str, float]) -> Markup | None:
    """Draw how many files took how long, on a logarithmic axis; `marks_ms` are lines with a name."""
    if not buckets:
        return None
    scale = LogScale.covering([buckets[0].from_ms * 1.0001, buckets[-1].to_ms, *marks_ms.values()])
    tallest = LinearScale.covering(max(bucket.files for bucket in buckets), ticks=3, whole=True)
    return picture(
        *_file_axis(tallest),
        *_log_axis(scale, HISTOGRAM_HEIGHT),
        *(_bar(bucket, scale, tallest) for bucket in buckets if bucket.files),
        *(part for row, mark in enumerate(marks_ms.items()) for part in _mark(row, *mark, scale)),
        height=HISTOGRAM_HEIGHT,
        title="End-to-end latency of delivered files",
        description=", ".join(f"{name} {text.milliseconds(value)}" for name, value in marks_ms.items()),
    )


def _file_axis(scale: LinearScale) -> list[Markup]:
    parts = []
    for tick in scale.ticks():
        y = round(HISTOGRAM_HEIGHT * (1 - scale.share(tick)), 1)
        parts.append(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid" if tick else "axis"))
        parts.append(tag("text", scale.label(tick), x=-8, y=y, dy="0.32em", class_="tick end"))
    return parts


def _bar(bucket: Bucket, scale: LogScale, tallest: LinearScale) -> Markup:
    left, right = scale.share(bucket.from_ms), scale.share(bucket.to_ms)
    height = max(1.0, HISTOGRAM_HEIGHT * tallest.share(bucket.files))
    span = f"{text.milliseconds(bucket.from_ms)} to {text.milliseconds(bucket.to_ms)}"
    return tag(
        "rect",
        tag("title", f"{span}: {text.files(bucket.files)}"),
        x=percent(left),
        width=percent(max(0.001, right - left - 0.002)),
        y=round(HISTOGRAM_HEIGHT - height, 1),
        height=round(height, 1),
        class_="bar",
    )


def _mark(row: int, name: str, value: float, scale: LogScale) -> list[Markup]:
    """Draw a line with its name in a row of its own and towards the middle, so that names never overlap."""
    share = scale.share(value)
    x, y, side = percent(share), -_MARK_ROW_HEIGHT * row, "start" if share < 0.5 else "end"
    return [
        tag("line", x1=x, x2=x, y1=y - 14, y2=HISTOGRAM_HEIGHT, class_="threshold"),
        tag("text", f"{name} {text.milliseconds(value)}", x=x, y=y - 6, class_=f"tick beside {side} strong"),
    ]


def waterfall(file: SlowFile, longest_ms: float) -> Markup:
    """Draw one file's stages along the time since its intended start."""
    segments = [
        segment for stage in WAY if (segment := _segment(file, stage, max(longest_ms, 1e-6))) is not None
    ]
    words = (
        f"{stage.label} {text.milliseconds(file.stage_ms(stage.start, stage.end))}"
        for stage in WAY
        if file.stage_ms(stage.start, stage.end) is not None
    )
    return picture(*segments, height=BAR_HEIGHT, title="Stages", description=", ".join(words))


def _segment(file: SlowFile, stage: Stage, longest_ms: float) -> Markup | None:
    start, length = file.offsets_ms[stage.start], file.stage_ms(stage.start, stage.end)
    if start is None or length is None:
        return None
    return tag(
        "rect",
        tag("title", f"{stage.label}: {text.milliseconds(length)}"),
        x=percent(max(0.0, start / longest_ms)),
        width=percent(max(0.0, length / longest_ms)),
        height=BAR_HEIGHT,
        class_=f"segment stage-{stage.name}",
    )
