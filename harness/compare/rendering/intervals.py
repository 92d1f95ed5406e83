"""By what factor each figure changed, with its interval, beside the band that the tolerance allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from harness.compare.changes import Change
from harness.compare.rendering import words
from harness.report.charts.svg import percent, picture, tag

ROW_HEIGHT = 26
_NEAR = {0.2: False, 0.5: True, 1.0: True, 2.0: True, 5.0: False}
_FAR = {0.01: False, 0.03: False, 0.1: True, 0.3: False, 1.0: True, 3.0: False, 10.0: True, 30.0: False}
"""Ticks, and whether each is shown on a narrow screen, too."""
_NARROWEST, _FURTHEST = 1.6, 60.0


def draw(changes: Sequence[Change], tolerance: float) -> Markup | None:
    """Draw the changes that have a factor; `None` when there is none."""
    shown = [each for each in changes if each.factor is not None]
    if not shown:
        return None
    reach = _reach(shown)
    height = ROW_HEIGHT * len(shown)
    return picture(
        _band(tolerance, reach, height),
        *_axis(reach, height),
        *(part for row, each in enumerate(shown) for part in _row(row, each, reach)),
        height=height,
        title="Change of each figure",
        description="; ".join(f"{each.figure.name} {words.change_text(each)}" for each in shown),
    )


def _reach(changes: Sequence[Change]) -> float:
    """Return the logarithm of the largest factor up or down that is shown; longer intervals are cut off."""
    factors = [value for each in changes for value in (each.factor, each.low, each.high) if value]
    furthest = max(abs(math.log(value)) for value in factors)
    return min(max(furthest, math.log(_NARROWEST)), math.log(_FURTHEST)) * 1.05


def _x(factor: float, reach: float) -> float:
    return min(1.0, max(0.0, 0.5 + math.log(factor) / reach / 2))


def _band(tolerance: float, reach: float, height: float) -> Markup:
    left, right = _x(1 / (1 + tolerance), reach), _x(1 + tolerance, reach)
    return tag("rect", x=percent(left), width=percent(right - left), height=height, class_="allowed")


def _axis(reach: float, height: float) -> list[Markup]:
    parts = []
    for tick, always in (_NEAR if reach < math.log(6) else _FAR).items():
        if abs(math.log(tick)) <= reach:
            x = percent(_x(tick, reach))
            parts.append(tag("line", x1=x, x2=x, y1="0", y2=height, class_="axis" if tick == 1 else "grid"))
            label = "tick middle" if always else "tick middle minor"
            parts.append(tag("text", f"{words.TIMES}{tick:g}", x=x, y=height + 18, class_=label))
    return parts


def _row(row: int, change: Change, reach: float) -> list[Markup]:
    y = ROW_HEIGHT * row + ROW_HEIGHT / 2
    style = f"finding-{change.finding.value.replace(' ', '-')}"
    low, high = change.low or change.factor or 1.0, change.high or change.factor or 1.0
    told = f"{change.figure.name}: {words.change_text(change)} ({words.interval_text(change)})"
    return [
        tag("text", change.figure.name, x=-10, y=y, dy="0.32em", class_="tick end strong"),
        tag(
            "line",
            x1=percent(_x(low, reach)),
            x2=percent(_x(high, reach)),
            y1=y,
            y2=y,
            class_=f"spread-line {style}",
        ),
        tag(
            "circle",
            tag("title", told),
            cx=percent(_x(change.factor or 1.0, reach)),
            cy=y,
            r=5,
            class_=f"mark-p50 {style}",
        ),
    ]
