"""Percentiles: exact ones from raw samples for the final word, and a running p99 for the progress line.

A percentile is the smallest sample that at least that share of the samples do not exceed (nearest rank), so
it is always a value that was measured.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from hdrh.histogram import HdrHistogram

from harness.measure.results import Latency

_SHARES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "p999": 0.999}
_HIGHEST_US = 7 * 24 * 3600 * 1_000_000
_SIGNIFICANT_DIGITS = 3


def summarize(samples_s: Iterable[float]) -> Latency:
    """Return count, percentiles and maximum in milliseconds of samples in seconds; exact, also below zero."""
    samples = array("d", samples_s)
    if not samples:
        return Latency(count=0)
    ordered = _ascending(samples)
    at = {name: _to_ms(nearest_rank(ordered, share)) for name, share in _SHARES.items()}
    return Latency(count=len(ordered), **at, max=_to_ms(ordered[-1]))


def _ascending(samples: array[float]) -> array[float]:
    """Sort a million samples ten times as fast as `sorted`, and without an object for each."""
    return array("d", np.sort(np.frombuffer(samples)).tobytes())


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    """Return the percentile of an ascending list that is not empty; `share` is in (0, 1]."""
    # 0.999 * 1000 is 999.0000000000001 in binary: without rounding the rank would be one too high.
    rank = math.ceil(round(share * len(ordered), 6))
    return ordered[max(rank, 1) - 1]


def _to_ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


class RunningLatency:
    """A histogram that takes samples one by one in constant memory, to three significant digits.

    Samples below one microsecond (clocks that disagree) are counted as one microsecond; the final figures
    come from `summarize`, which shows them as they are.
    """

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _HIGHEST_US, _SIGNIFICANT_DIGITS)

    def add(self, seconds: float) -> None:
        self._histogram.record_value(min(max(1, round(seconds * 1_000_000)), _HIGHEST_US))

    def percentile_ms(self, share: float) -> float | None:
        """Return the percentile so far in milliseconds, `None` without samples."""
        if self._histogram.get_total_count() == 0:
            return None
        return float(self._histogram.get_value_at_percentile(share * 100)) / 1000
