"""Axes: which values get a tick, and what it is called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_NICE_STEPS = (1.0, 2.0, 5.0, 10.0)
_NICE_SECONDS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10_800,
    21_600,
    43_200,
    86_400,
)

_LOG_STEPS = [decade + math.log10(digit) for decade in range(-1, 9) for digit in (1, 2, 5)]
_MOST_DECADES_WITH_MINOR_TICKS = 2.1


@dataclass(frozen=True)
class LinearScale:
    """From zero to a round number at or above the largest value."""

    top: float
    step: float

    @classmethod
    def covering(cls, largest: float, *, ticks: int = 4, whole: bool = False) -> LinearScale:
        """Return a scale with about this many ticks; a flat line at zero still gets an axis.

        :param whole: there are no halves of what is counted, so no tick between whole numbers
        """
        wanted = largest / ticks if largest > 1e-9 else 1.0
        if whole:
            wanted = max(1.0, wanted)
        magnitude = math.pow(10, math.floor(math.log10(wanted)))
        step = magnitude * next(nice for nice in _NICE_STEPS if nice * magnitude >= wanted * (1 - 1e-9))
        return cls(step * max(1, math.ceil(largest / step - 1e-9)), step)

    def ticks(self) -> list[float]:
        return [self.step * index for index in range(round(self.top / self.step) + 1)]

    def share(self, value: float) -> float:
        return value / self.top

    def label(self, value: float) -> str:
        return f"{value:,.{max(0, -math.floor(math.log10(self.step) + 1e-9))}f}"


@dataclass(frozen=True)
class LogScale:
    """Between two of 1, 2, 5, 10, 20, 50 … milliseconds; bounds are their logarithms."""

    low: float
    high: float

    @classmethod
    def covering(cls, values: Sequence[float]) -> LogScale:
        """Return the narrowest scale over the positive values, from 0.1 ms up; never narrower than 1 to 4."""
        positive = [math.log10(value) for value in values if value > 0] or [0.0]
        low = max((step for step in _LOG_STEPS if step <= min(positive) + 1e-9), default=_LOG_STEPS[0])
        enough = max(max(positive), low + 0.6)
        return cls(low, next((step for step in _LOG_STEPS if step >= enough - 1e-9), _LOG_STEPS[-1]))

    def ticks(self) -> list[float]:
        """Return the round values on the scale; only powers of ten when it is long."""
        steps = [step for step in _LOG_STEPS if self.low <= step <= self.high]
        if self.high - self.low > _MOST_DECADES_WITH_MINOR_TICKS:
            steps = [step for step in steps if step.is_integer()]
        return [math.pow(10, step) for step in steps]

    def share(self, value: float) -> float:
        """Return the position from 0 to 1; what lies below the scale is put at its left end."""
        if value <= 0:
            return 0.0
        position = (math.log10(value) - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, position))

    @staticmethod
    def label(value: float) -> str:
        return f"{value:.3g} ms" if value < 999 else f"{value / 1000:,.0f} s"


def bin_width_s(span_s: float, most_bins: int) -> int:
    """Return the smallest round width in seconds that needs no more than `most_bins` bins."""
    return next((nice for nice in _NICE_SECONDS if span_s / nice <= most_bins), math.ceil(span_s / most_bins))


def time_ticks(span_s: float, most: int = 6) -> list[int]:
    """Return round seconds since the start, from 0 on."""
    step = bin_width_s(span_s, most - 1)
    return list(range(0, math.floor(span_s) + 1, step))


def clock_label(seconds: float) -> str:
    """Return `0:45`, `12:00` or `3:20:00`: time since the start."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
