"""Lines over the time of a run, with the data for the read-out under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from harness.report.charts.scales import LinearScale, LogScale, clock_label, time_ticks
from harness.report.charts.svg import percent, picture, polyline, tag

HEIGHT = 210
_LABEL_GAP = 8
_FEW_POINTS = 2
_TABLE_ROWS = 12


@dataclass(frozen=True)
class Line:
    """One series; `None` breaks the line. `style` is its colour's name in the style sheet."""

    label: str
    style: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class TimeChart:
    """Values at `seconds` since the start of the run."""

    name: str
    title: str
    unit: str
    window: str
    """What one point stands for, e.g. `mean of each 2 s`."""
    span_s: float
    seconds: Sequence[float]
    lines: Sequence[Line]
    whole: bool = False
    """Counts of things, which have no halves."""
    logarithmic: bool = False
    """On a logarithmic axis in milliseconds; zero and less lie on its lower edge."""
    always_named: bool = False
    """The title does not say what a single line is, so its name is shown."""

    @property
    def has_data(self) -> bool:
        return any(value is not None for line in self.lines for value in line.values)

    def svg(self) -> Markup:
        """Return the drawing."""
        scale = self._scale()
        return picture(
            *self._horizontals(scale),
            *self._time_axis(),
            *(part for line in reversed(self.lines) for part in self._line(line, scale)),
            height=HEIGHT,
            title=self.title,
            description=self._description(),
        )

    def read_out(self) -> dict[str, Any]:
        """Return what the page's script shows under the pointer."""
        return {
            "unit": self.unit,
            "span_s": self.span_s,
            "seconds": [round(second, 1) for second in self.seconds],
            "lines": [
                {"label": line.label, "style": line.style, "values": [_short(value) for value in line.values]}
                for line in self.lines
            ],
        }

    def rows(self) -> list[tuple[str, list[float | None]]]:
        """Return about a dozen points as a table, for readers without the drawing."""
        step = max(1, -(-len(self.seconds) // _TABLE_ROWS))
        return [
            (clock_label(self.seconds[index]), [_short(line.values[index]) for line in self.lines])
            for index in range(0, len(self.seconds), step)
        ]

    def _scale(self) -> LinearScale | LogScale:
        values = [value for line in self.lines for value in line.values if value is not None]
        if self.logarithmic:
            return LogScale.covering(values)
        return LinearScale.covering(max(values, default=0.0), whole=self.whole)

    def _description(self) -> str:
        peaks = (
            f"{line.label} up to {max(value for value in line.values if value is not None):,.1f}"
            for line in self.lines
            if any(value is not None for value in line.values)
        )
        return f"{self.unit}, {self.window}, over {clock_label(self.span_s)} minutes: {'; '.join(peaks)}"

    def _horizontals(self, scale: LinearScale | LogScale) -> list[Markup]:
        parts = []
        if self.logarithmic:
            parts.append(tag("line", x1="0", x2="100%", y1=HEIGHT, y2=HEIGHT, class_="axis"))
        for tick in scale.ticks():
            y = _y(scale.share(tick))
            parts.append(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid" if tick else "axis"))
            parts.append(tag("text", scale.label(tick), x=-_LABEL_GAP, y=y, dy="0.32em", class_="tick end"))
        return parts

    def _time_axis(self) -> list[Markup]:
        return [
            tag(
                "text",
                clock_label(tick),
                x=percent(tick / self.span_s),
                y=HEIGHT + 18,
                class_="tick middle",
            )
            for tick in time_ticks(self.span_s)
        ]

    def _line(self, line: Line, scale: LinearScale | LogScale) -> list[Markup]:
        parts = []
        for run in self._unbroken(line):
            points = [(second / self.span_s, _y(scale.share(value))) for second, value in run]
            parts.append(polyline(points, HEIGHT, f"line {line.style}"))
            if len(points) <= _FEW_POINTS:
                parts += [
                    tag("circle", cx=percent(x), cy=y, r=3.5, class_=f"dot {line.style}") for x, y in points
                ]
        return parts

    def _unbroken(self, line: Line) -> list[list[tuple[float, float]]]:
        runs: list[list[tuple[float, float]]] = [[]]
        for second, value in zip(self.seconds, line.values, strict=True):
            if value is None:
                runs.append([])
            else:
                runs[-1].append((second, value))
        return [run for run in runs if run]


def _y(share: float) -> float:
    return round(HEIGHT * (1 - share), 1)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1 if abs(value) >= 10 else 2)
