"""Every route takes files from SFTP to the destination, and the same report tells of it.

`queued` is in `test_run.py`; `--fifo` brings a Pipe with it. Each run has a stack of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.floodgate import Floodgate

pytestmark = pytest.mark.e2e

FILES = 8
QUEUE_STAGES = ("event_delivery", "queue_wait", "dispatch")


def passed(floodgate: Floodgate, run_dir: Path, *arguments: str) -> dict[str, Any]:
    """Run a few files over a route; return the summary of a run in which all went well."""
    result = floodgate.run("run", "smoke", "--files", str(FILES), "--out", str(run_dir), *arguments)
    assert result.code == 0, result
    summary: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    files = summary["files"]
    assert files["delivered"] == files["uploaded"] == summary["verified"] == FILES
    assert files["lost"] == files["duplicated"] == files["corrupted"] == 0
    rows = pq.read_table(run_dir / "files.parquet").to_pylist()
    assert Counter(row["outcome"] for row in rows) == {"delivered": FILES}
    assert all(row["handler_started_at"] <= row["handler_ended_at"] and row["attempts"] >= 1 for row in rows)
    assert floodgate.leftovers() == []
    return summary


def succeeded(summary: dict[str, Any]) -> dict[str, int]:
    """Return how many executions of each machine succeeded; none may have ended in another way."""
    assert all(set(counts) <= {"SUCCEEDED"} for counts in summary["executions"].values()), summary[
        "executions"
    ]
    return {role: counts["SUCCEEDED"] for role, counts in summary["executions"].items()}


def test_direct(floodgate: Floodgate, tmp_path: Path) -> None:
    summary = passed(floodgate, tmp_path / "run", "--route", "direct")
    assert summary["route"] == "direct"
    assert all(summary["latency_ms"][stage] is None for stage in QUEUE_STAGES)
    assert succeeded(summary) == {"transfer_file": FILES}


def test_nested_with_a_transform(floodgate: Floodgate, tmp_path: Path) -> None:
    """The compressed copy is compared with what was sent."""
    summary = passed(floodgate, tmp_path / "run", "--route", "nested", "--parameter", "Transform=gzip")
    assert all(summary["latency_ms"][stage] is None for stage in QUEUE_STAGES)
    assert succeeded(summary) == {"parent": FILES, "child": FILES}
    assert summary["options"]["given"] == {"Transform": "gzip"}


def test_queued_nested(floodgate: Floodgate, tmp_path: Path) -> None:
    summary = passed(floodgate, tmp_path / "run", "--route", "queued-nested")
    assert summary["latency_ms"]["queue_wait"]["count"] == FILES
    assert succeeded(summary) == {"parent": FILES, "child": FILES}
    assert summary["aws_calls_per_file"]["stepfunctions.StartExecution"] >= 1


def test_ecs(floodgate: Floodgate, tmp_path: Path) -> None:
    summary = passed(floodgate, tmp_path / "run", "--route", "ecs", "--recording", "lean")
    assert summary["latency_ms"]["queue_wait"]["count"] == FILES
    assert summary["options"]["recording"] == "lean"
    assert summary["resources"]["functions"]["cpu_s"] > 0, "what the tasks used"
    assert summary["executions"] == {}


def test_fifo(floodgate: Floodgate, tmp_path: Path) -> None:
    summary = passed(floodgate, tmp_path / "run", "--fifo")
    assert (summary["options"]["fifo"], summary["options"]["pipe"]) == (True, True)
    assert summary["latency_ms"]["queue_wait"]["count"] == FILES
