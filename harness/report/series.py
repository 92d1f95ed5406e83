"""`series.json`: what the charts need beyond the summary (counts, resources and samples over time).

It belongs to the run folder so that a report can be rendered again; its shape is internal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.exceptions import ReportError
from harness.measure.resources import ResourceSample, ResourceUse
from harness.measure.results import Timeline
from harness.measure.sampling.series import Series
from harness.report.files import write_text
from harness.report.inputs import ReportInputs

SERIES_NAME = "series.json"
SCHEMA_VERSION = 1
COUNTS = ("offered", "uploaded", "delivered", "failed")


def write_series(out_dir: Path, inputs: ReportInputs) -> Path:
    """Write what was sampled during the run."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "timeline": asdict(inputs.settlement.timeline),
        "resources": {name: _columns(use) for name, use in inputs.resources.items()},
        "samples": {name: series.to_json() for name, series in inputs.samples.series.items()},
    }
    return write_text(out_dir / SERIES_NAME, json.dumps(content, separators=(",", ":")) + "\n")


def read_series(run_dir: Path) -> tuple[Timeline, dict[str, list[ResourceSample]]]:
    """Read it back; a run folder without the file has empty series.

    :raises ReportError: the file is there and cannot be understood
    """
    with _unreadable_told(run_dir) as content:
        if content is None:
            return Timeline(), {}
        return Timeline(**content["timeline"]), {
            name: _samples(columns) for name, columns in content["resources"].items()
        }


def read_samples(run_dir: Path) -> dict[str, Series]:
    """Read the sampled figures by name; none in a folder without the file, or of an earlier version.

    :raises ReportError: the file is there and cannot be understood
    """
    with _unreadable_told(run_dir) as content:
        return {name: Series.from_json(found) for name, found in (content or {}).get("samples", {}).items()}


@contextmanager
def _unreadable_told(run_dir: Path) -> Iterator[dict[str, Any] | None]:
    path = run_dir / SERIES_NAME
    try:
        yield json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ReportError(
            f"cannot read {path}: {exc}",
            hint="delete the file to render the report without its charts over time",
        ) from exc


def _columns(use: ResourceUse) -> dict[str, list[float]]:
    return {
        "at": [round(sample.at, 3) for sample in use.samples],
        "cpu_percent": [round(sample.cpu_percent, 1) for sample in use.samples],
        "rss_mib": [round(sample.rss_mib, 1) for sample in use.samples],
    }


def _samples(columns: Mapping[str, Sequence[Any]]) -> list[ResourceSample]:
    rows = zip(columns["at"], columns["cpu_percent"], columns["rss_mib"], strict=True)
    return [ResourceSample(*row) for row in rows]
