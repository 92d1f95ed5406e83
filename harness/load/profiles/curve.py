"""What a shape means: the rate over time, and when the n-th file is expected.

The rate is a straight line within each piece, so the expected number of files is a parabola there, and its
inverse the root of one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a shape. `length` has no unit; `start` and `end` are factors of the rate."""

    length: float
    start: float
    end: float

    @property
    def area(self) -> float:
        return self.length * (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the load: the rate goes straight from one value to the other."""

    starts_s: float
    ends_s: float
    start_per_s: float
    end_per_s: float

    @property
    def mean_per_s(self) -> float:
        return (self.start_per_s + self.end_per_s) / 2

    @property
    def expected_files(self) -> float:
        return (self.ends_s - self.starts_s) * self.mean_per_s

    def offset_s(self, files: float) -> float:
        """Return when so many files of this segment are expected to have come, from the start of the load.

        With r the rate at the start and a its change, `files = r·t + a·t²/2`; the form of the root below
        loses no digits when `a` is small.
        """
        change = (self.end_per_s - self.start_per_s) / (self.ends_s - self.starts_s)
        root = math.sqrt(max(0.0, self.start_per_s**2 + 2 * change * files))
        divisor = self.start_per_s + root
        within_s = 2 * files / divisor if divisor > 0 else 0.0
        return min(self.starts_s + within_s, self.ends_s)


def mean_factor(pieces: Sequence[Piece]) -> float:
    """Return the mean of the factors over the whole shape."""
    return sum(piece.area for piece in pieces) / sum(piece.length for piece in pieces)


def segments(pieces: Sequence[Piece], rate_per_s: float, length_s: float) -> tuple[Segment, ...]:
    """Return the shape at a rate, stretched to a length."""
    ends = list(accumulate(piece.length for piece in pieces))
    scale = length_s / ends[-1]
    starts = [0.0, *ends]
    return tuple(
        Segment(start * scale, end * scale, piece.start * rate_per_s, piece.end * rate_per_s)
        for piece, start, end in zip(pieces, starts, ends, strict=False)
    )


class CurvedRate:
    """A rate profile (see `harness.load.schedule`) of segments; after the last one comes the shape again."""

    def __init__(self, parts: Sequence[Segment]) -> None:
        self._parts = parts
        self._counts = list(accumulate(part.expected_files for part in parts))
        self._length_s = parts[-1].ends_s

    def offset_s(self, expected_arrivals: float) -> float:
        rounds, rest = divmod(expected_arrivals, self._counts[-1])
        index = min(bisect_right(self._counts, rest), len(self._parts) - 1)
        before = self._counts[index - 1] if index else 0.0
        return rounds * self._length_s + self._parts[index].offset_s(rest - before)
