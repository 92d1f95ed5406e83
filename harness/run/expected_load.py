"""What a workload is going to offer, as far as it can be known before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.cost.estimate import Load
from harness.load.profiles.model import Trace
from harness.load.sizes import SizeClass
from harness.load.traces.survey import Survey, survey
from harness.load.workload import Workload


def expected_load(workload: Workload, trace: Survey | None = None) -> Load:
    """Return files, sizes and length of a load.

    :param trace: what is in the workload's trace, if that has been read already
    :raises UsageError: its trace cannot be read
    """
    if isinstance(workload.profile, Trace):
        return _of_trace(workload, trace or survey(workload.profile))
    parts = workload.segments
    files = sum(part.expected_files for part in parts)
    limited = min(files, workload.files or files)
    return Load(math.ceil(limited), mean_bytes(workload.sizes), parts[-1].ends_s if parts else 0.0)


def mean_bytes(mix: Sequence[SizeClass]) -> float:
    """Return the mean size of a mix, in bytes."""
    weight = sum(part.share for part in mix)
    return sum(part.share * _mean(part) for part in mix) / weight


def _of_trace(workload: Workload, found: Survey) -> Load:
    """A trace that is cut short by minutes or files costs no more than all of it."""
    files = min(found.rows, workload.files or found.rows)
    length_s = min(found.replay_s, workload.duration_s or found.replay_s)
    sized = found.rows - found.without_size
    mean = found.bytes / sized if sized else mean_bytes(workload.sizes)
    return Load(files, mean, length_s)


def _mean(part: SizeClass) -> float:
    """Mean of the log-uniform distribution: https://en.wikipedia.org/wiki/Reciprocal_distribution"""
    low, high = float(part.min_bytes), float(part.max_bytes)
    if part.spread == "uniform" or low <= 0 or low == high:
        return (low + high) / 2
    return (high - low) / math.log(high / low)
