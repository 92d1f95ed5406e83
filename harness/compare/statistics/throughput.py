"""How many files were delivered per second in the middle of a run, whatever its last stragglers did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.compare.statistics.blocks import MOST_BLOCKS
from harness.exceptions import ReportError
from harness.report.parquet import PARQUET_NAME

_CUT = 0.05
_FEWEST = 40


@dataclass(frozen=True)
class Deliveries:
    """Files per second between the first and the last twentieth of them: the mean, and over time."""

    per_s: float
    over_time: Sequence[float]


def read_deliveries(run_dir: Path) -> Deliveries | None:
    """Read when files were delivered; `None` when there are too few of them, or all at one moment.

    :raises ReportError: `files.parquet` cannot be read
    """
    path = run_dir / PARQUET_NAME
    try:
        rows = pq.read_table(path, columns=["handler_ended_at", "outcome"])
    except (pa.ArrowException, KeyError, OSError) as exc:
        raise ReportError(f"cannot read {path}: {exc}", hint="it must be as the run wrote it") from exc
    ended = rows.filter(pc.equal(rows["outcome"], "delivered"))["handler_ended_at"].drop_null()
    at_s = np.sort(ended.cast(pa.int64()).to_numpy() / 1e6)
    cut = int(len(at_s) * _CUT)
    middle = at_s[cut : len(at_s) - cut]
    if len(at_s) < _FEWEST or middle[-1] <= middle[0]:
        return None
    span_s = float(middle[-1] - middle[0])
    counts, _ = np.histogram(middle, MOST_BLOCKS, (middle[0], middle[-1]))
    return Deliveries((len(middle) - 1) / span_s, (counts * MOST_BLOCKS / span_s).tolist())
