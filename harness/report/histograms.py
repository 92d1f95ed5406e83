"""`histograms.hlog`: one HdrHistogram for each stage, in the log format that HdrHistogram's own tools read.

Values are nanoseconds, to three significant digits from 0 to 7 days; each line is tagged with its stage.
Nothing is corrected after the fact: `lag`, `end_to_end` and `upload_from_intended` count from the *intended*
time of each file, as wrk2 does (https://github.com/giltene/wrk2), so a sender that waits hides nothing. The
other stages lie between two moments that both happened. Histograms of several runs can be added up (`merge`).

The format: https://github.com/HdrHistogram/HdrHistogram, HistogramLogWriter; tags since version 1.3.
"""

from __future__ import annotations

import binascii
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from harness.exceptions import ReportError
from harness.report.files import write_text
from harness.report.parquet import PARQUET_NAME, ROWS_PER_BATCH, TIME_COLUMNS, release_unused
from harness.report.stages import END_TO_END, STAGES, Stage

Counts = NDArray[np.int64]
HISTOGRAMS_NAME = "histograms.hlog"
HIGHEST_NS = 7 * 24 * 3600 * 10**9
SIGNIFICANT_DIGITS = 3
FROM_INTENDED = Stage(
    "upload_from_intended",
    "Upload from intended",
    "intended_at",
    "closed_at",
    "intended start to clean close",
)
RECORDED = (*STAGES, FROM_INTENDED)
_EXACT_BITS = 11
"""HdrHistogram tells values apart to this many leading bits at three significant digits."""
_HALF = 2 ** (_EXACT_BITS - 1)
_CLASSES = (HIGHEST_NS.bit_length() - _EXACT_BITS + 2) * _HALF
"""All values up to 2047 have a class of their own, and each power of two from there on has 1024."""
_HEAD = """#[Histogram log format version 1.3]
#Floodgate: durations in nanoseconds; lag, end_to_end and upload_from_intended from the intended time.
"""
_LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'


def new_histogram() -> Any:
    """Return an empty histogram that every other of a run folder can be added to."""
    return HdrHistogram(1, HIGHEST_NS, SIGNIFICANT_DIGITS)


def merge(histograms: Iterable[Any]) -> Any:
    """Return the sum of histograms, such as one stage's of several runs."""
    total = new_histogram()
    for histogram in histograms:
        total.add(histogram)
    return total


def durations_ns(rows: pa.RecordBatch, stage: Stage) -> pa.Array:
    """Return how long the files of these rows of `files.parquet` took; only those with both moments.

    End to end counts delivered files only. Negative durations (two clocks) are returned as they are.
    """
    if stage.name == END_TO_END.name:
        rows = rows.filter(pc.equal(rows["outcome"], "delivered"))
    start, end = rows[stage.start].cast(pa.int64()), rows[stage.end].cast(pa.int64())
    return pc.multiply(pc.subtract(end, start).drop_null(), 1000)


def write_histograms(run_dir: Path) -> Path:
    """Write the histograms of the run's `files.parquet`; stages without a sample have no line.

    :raises ReportError: `files.parquet` cannot be read, or the file cannot be written
    """
    counts, below_zero = _counts(run_dir / PARQUET_NAME)
    begin_s, length_s = _span_s(run_dir / PARQUET_NAME)
    release_unused()
    text = _HEAD + f"#[StartTime: {begin_s:.3f} (seconds since epoch)]\n"
    text += "".join(
        f"#{name}: {files} samples below zero (two clocks) are counted as 0\n"
        for name, files in below_zero.items()
    )
    lines = (
        f"Tag={name},{begin_s:.3f},{length_s:.3f},{_tail(_histogram(found))}\n"
        for name, found in counts.items()
        if found.any()
    )
    return write_text(run_dir / HISTOGRAMS_NAME, text + _LEGEND + "".join(lines))


def read_histograms(run_dir: Path) -> dict[str, Any]:
    """Read the histograms of a run by stage; empty for a folder without the file.

    :raises ReportError: the file is there and cannot be understood
    """
    path = run_dir / HISTOGRAMS_NAME
    if not path.exists():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return dict(_parsed(line) for line in lines if line.startswith("Tag="))
    except (OSError, ValueError, TypeError, binascii.Error, zlib.error) as exc:
        raise ReportError(
            f"cannot read {path}: {exc}", hint="delete it; files.parquet holds the samples"
        ) from exc


def _parsed(line: str) -> tuple[str, Any]:
    tag, _, _, _, payload = line.split(",")
    histogram = HdrHistogram.decode(payload)
    name = tag.removeprefix("Tag=")
    histogram.set_tag(name)
    return name, histogram


def _counts(path: Path) -> tuple[Mapping[str, Counts], Mapping[str, int]]:
    """Return by stage how many files are in each class of HdrHistogram's, and how many took less than 0."""
    counts = {stage.name: np.zeros(_CLASSES, np.int64) for stage in RECORDED}
    below_zero: Counter[str] = Counter()
    try:
        for rows in pq.ParquetFile(path).iter_batches(ROWS_PER_BATCH, columns=[*TIME_COLUMNS, "outcome"]):
            for stage in RECORDED:
                taken = durations_ns(rows, stage).to_numpy(zero_copy_only=False)
                below_zero[stage.name] += int(np.count_nonzero(taken < 0))
                counts[stage.name] += np.bincount(_classes(taken), minlength=_CLASSES)
    except (pa.ArrowException, KeyError, OSError) as exc:
        raise ReportError(f"cannot read {path}: {exc}", hint="it must be as the run wrote it") from exc
    return counts, +below_zero


def _classes(taken_ns: Counts) -> Counts:
    """Return each sample's class: values that HdrHistogram holds equal have the same."""
    values = np.clip(taken_ns, 0, HIGHEST_NS)
    bits = np.frexp(values.astype(np.float64))[1]
    shift = np.maximum(bits - _EXACT_BITS, 0).astype(np.int64)
    classes: Counts = shift * _HALF + (values >> shift)
    return classes


def _lowest_of(position: int) -> int:
    """Return the lowest value of a class."""
    shift: int = max(position // _HALF - 1, 0)
    return int(position - shift * _HALF) << shift


def _histogram(counts: Counts) -> Any:
    histogram = new_histogram()
    (used,) = np.nonzero(counts)
    for position in used.tolist():
        histogram.record_value(_lowest_of(position), int(counts[position]))
    return histogram


def _tail(histogram: Any) -> str:
    """Return the largest value in milliseconds, as the format has it, and the histogram itself."""
    return f"{histogram.get_max_value() / 1e6:.3f},{histogram.encode().decode('ascii')}"


def _span_s(path: Path) -> tuple[float, float]:
    """Return the first intended time (epoch) and the seconds from there to the last."""
    column = pq.read_table(path, columns=["intended_at"])["intended_at"].cast(pa.int64())
    found = pc.min_max(column).as_py()
    if found["min"] is None:
        return 0.0, 0.0
    return found["min"] / 1e6, (found["max"] - found["min"]) / 1e6
