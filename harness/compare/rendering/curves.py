"""The latency of both sides by percentile, on one logarithmic axis each way: HdrHistogram's own picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.compare.runs import Run
from harness.report import text
from harness.report.charts.scales import LogScale
from harness.report.charts.svg import percent, picture, polyline, tag
from harness.report.histograms import merge

HEIGHT = 230
_TICKS = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
_POINTS_PER_DECADE = 40
_FEWEST = 2


@dataclass(frozen=True)
class Curve:
    """One side: percentile (a share) and latency in milliseconds, ascending."""

    label: str
    style: str
    points: Sequence[tuple[float, float]]


def curve(label: str, style: str, runs: Sequence[Run], stage: str) -> Curve | None:
    """Return the curve of all runs of a side together; `None` when one of them has no histogram."""
    histograms = [run.histograms.get(stage) for run in runs]
    if not all(histograms):
        return None
    merged = merge(histograms)
    files = merged.get_total_count()
    if files < _FEWEST:
        return None
    shares = _shares(files)
    # One pass over the histogram for all of them; asked one by one, each is a pass of its own.
    found = merged.get_percentile_to_value_dict([share * 100 for share in shares])
    return Curve(label, style, [(share, found[share * 100] / 1e6) for share in shares])


def _shares(files: int) -> list[float]:
    """Return percentiles that lie evenly on the axis, up to the slowest file."""
    decades = math.log10(files)
    steps = math.ceil(decades * _POINTS_PER_DECADE)
    return [1 - 10 ** (-decades * step / steps) for step in range(steps + 1)]


def draw(curves: Sequence[Curve], title: str) -> Markup:
    """Draw the curves; the further right, the fewer files are slower."""
    scale = LogScale.covering([ms for each in curves for _, ms in each.points])
    decades = max(-math.log10(1 - each.points[-1][0]) for each in curves)
    return picture(
        *_horizontals(scale),
        *_verticals(decades),
        *(_line(each, scale, decades) for each in curves),
        height=HEIGHT,
        title=title,
        description="; ".join(f"{each.label}: {_in_words(each)}" for each in curves),
    )


def _in_words(each: Curve) -> str:
    return ", ".join(
        f"{share * 100:g} % of the files within {text.milliseconds(_nearest(each, share))}"
        for share in (0.5, 0.9, 0.99)
    )


def _nearest(each: Curve, share: float) -> float:
    return min(each.points, key=lambda point: abs(point[0] - share))[1]


def _horizontals(scale: LogScale) -> list[Markup]:
    parts = []
    for tick in scale.ticks():
        y = _y(scale, tick)
        parts.append(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid"))
        parts.append(tag("text", scale.label(tick), x=-8, y=y, dy="0.32em", class_="tick end"))
    return parts


def _verticals(decades: float) -> list[Markup]:
    parts = []
    for share in _TICKS:
        place = -math.log10(1 - share) / decades
        if place <= 1:
            x = percent(place)
            parts.append(tag("line", x1=x, x2=x, y1="0", y2=HEIGHT, class_="grid"))
            parts.append(tag("text", f"{share * 100:g} %", x=x, y=HEIGHT + 18, class_="tick middle"))
    return parts


def _line(each: Curve, scale: LogScale, decades: float) -> Markup:
    points = [(-math.log10(1 - share) / decades, _y(scale, ms)) for share, ms in each.points]
    return polyline(points, HEIGHT, f"line {each.style}")


def _y(scale: LogScale, ms: float) -> float:
    return round(HEIGHT * (1 - scale.share(ms)), 1)
