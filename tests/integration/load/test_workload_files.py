"""A workload file and a trace in a real load process."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import catalogue
from harness.load.reading.overrides import with_overrides
from tests.integration.load.conftest import Bench, assert_conserved

pytestmark = pytest.mark.integration


def test_a_trace_is_replayed_as_the_command_line_left_the_workload(bench: Bench, tmp_path: Path):
    (tmp_path / "day.csv").write_text("time,size_bytes\n0,1000\n30,0\n20,3000\n60,4000\n")
    own = tmp_path / "own.yaml"
    own.write_text("description: own\nprofile: {kind: trace, path: day.csv}\n")
    workload = with_overrides(catalogue.scenario(str(own)).workload, ["profile.speed=100", "files=3"])
    load = bench.load(bench.server(), str(own), workload=workload.model_dump(mode="json"))
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    starts_at = load.lines("header")[0]["starts_at"]
    offered = load.lines("offered")
    assert [round(line["intended_at"] - starts_at, 3) for line in offered] == [0.0, 0.2, 0.3]
    assert [line["size_bytes"] for line in offered] == [1000, 3000, 0]
    assert len(load.lines("uploaded")) == 3
