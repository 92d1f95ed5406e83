"""A whole run on MiniStack: nothing lost, the evidence complete, nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.floodgate import Floodgate

pytestmark = pytest.mark.e2e


def test_a_run_passes_and_says_what_it_ran_on(floodgate: Floodgate, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    result = floodgate.run(
        "run", "smoke", "--engine", "ministack", "--route", "queued-nested", "--out", str(run_dir)
    )
    assert result.code == 0, result
    summary = json.loads((run_dir / "summary.json").read_text())
    files = summary["files"]
    assert files["offered"] == files["delivered"] == summary["verified"] == 20
    assert files["lost"] == files["duplicated"] == files["corrupted"] == 0
    assert summary["evidence_complete"]
    assert (summary["engine"]["name"], summary["engine"]["mode"]) == ("ministack", "host")
    assert any("metric math" in each for each in summary["engine"]["differs_from_aws"])
    assert summary["resources"]["engine"]["cpu_s"] > 0
    assert floodgate.leftovers() == []
