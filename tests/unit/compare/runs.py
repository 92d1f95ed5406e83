"""Synthetic run folders to compare: what is the same and what is slower is known here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.compare.runs import Run, read_runs
from harness.measure.records import FileRecord
from harness.report.histograms import write_histograms
from harness.report.parquet import PARQUET_NAME, write_files
from harness.report.series import write_series
from harness.report.summary import build_summary, write_summary
from tests.unit.report import builders

_MOMENTS = (
    ("started_at", 0.0015),
    ("closed_at", 0.018),
    ("queued_at", 0.01),
    ("first_received_at", 0.02),
    ("handler_started_at", 0.01),
    ("handler_ended_at", 0.06),
)


def noisy(amount: int, seed: int, *, delay_s: float = 0.0) -> Iterator[FileRecord]:
    """Yield files of one schedule. The machine is busy now and then: neighbours are slow together.

    :param delay_s: what every handler takes more
    """
    generator = random.Random(seed)
    busy = 1.0
    for sequence in range(amount):
        if sequence % 40 == 0:
            busy = generator.lognormvariate(0, 0.25)
        made = builders.record(sequence)
        at = made.intended_at
        for name, typical_s in _MOMENTS:
            at += busy * generator.lognormvariate(0, 0.5) * typical_s
            at += delay_s if name == "handler_ended_at" else 0.0
            setattr(made, name, at)
        yield made


def written(folder: Path, records: list[FileRecord], **facts: Any) -> Run:
    """Write what `compare` reads of a run folder, and read it."""
    inputs = builders.inputs(records, facts=builders.facts(**{"run_id": folder.name, **facts}))
    folder.mkdir()
    write_files(folder / PARQUET_NAME, records)
    write_histograms(folder)
    write_series(folder, inputs)
    write_summary(folder, build_summary(inputs))
    return read_runs([folder])[0]


def run(folder: Path, seed: int, amount: int = 1200, delay_s: float = 0.0, **facts: Any) -> Run:
    return written(folder, list(noisy(amount, seed, delay_s=delay_s)), **facts)
