"""Several runs on a side: how much runs differ by themselves is in the data, and decides.

One figure of each run, in logarithms, and Welch's interval for the difference of two means ("The
generalization of Student's problem when several different population variances are involved", Biometrika 34,
1947). Runs, not files, are what is repeated independently: Kalibera and Jones, "Rigorous benchmarking in
reasonable time", ISMM 2013. It is never narrower than what resampling inside the runs gives, so two runs that
agree by luck prove nothing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from harness.compare.statistics.resampling import Interval
from harness.compare.statistics.student import t_99


def difference(base_logs: Sequence[float], new_logs: Sequence[float], within: Interval | None) -> Interval:
    """Return the interval of mean(new) - mean(base); at least one side must have two runs.

    A side with one run is taken to vary as much as the other.

    :param within: the interval that one pair of runs gives by itself
    """
    middle = statistics.fmean(new_logs) - statistics.fmean(base_logs)
    before, after = _variance(base_logs, new_logs), _variance(new_logs, base_logs)
    half = _t(before, after, len(base_logs), len(new_logs)) * math.sqrt(before + after)
    if within is not None:
        half = max(half, within.width / 2 / math.sqrt(min(len(base_logs), len(new_logs))))
    return Interval(middle - half, middle + half)


def _variance(logs: Sequence[float], others: Sequence[float]) -> float:
    """Return the variance of the mean of `logs`."""
    return statistics.variance(logs if len(logs) > 1 else others) / len(logs)


def _t(before: float, after: float, base_runs: int, new_runs: int) -> float:
    """Return Student's t for the degrees of freedom of Welch and Satterthwaite."""
    parts = [(before, base_runs), (after, new_runs)]
    below = sum(part * part / (runs - 1) for part, runs in parts if runs > 1)
    free = (before + after) ** 2 / below if below > 0 else 1.0
    if min(base_runs, new_runs) == 1:
        free = min(free, max(base_runs, new_runs) - 1)
    return t_99(max(free, 1.0))
