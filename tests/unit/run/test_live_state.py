"""`live.json`: what the web UI and monitors read of a run that goes on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.load.beside_ledger import LIVE_FILE
from harness.measure.follow import Snapshot
from harness.measure.live_stages import LiveStages
from harness.measure.resources import ResourceSample, ResourceUse
from harness.measure.results import Timeline
from harness.measure.sampling.readings import Reading
from harness.run.live_state import LiveState

pytestmark = pytest.mark.unit

NOTHING = Timeline(start_at=0.0, interval_s=1.0, offered=[], uploaded=[], delivered=[], failed=[], backlog=[])


def load(latest: Snapshot | None) -> Any:
    """Return a load that has come so far."""
    follower = SimpleNamespace(
        latest=latest, timeline=NOTHING, stages=LiveStages(), causes=Counter({("failed", "NoSuchKey"): 2})
    )
    figures = SimpleNamespace(latest=lambda: [Reading("sftp.sessions", "sessions", 3.0)])
    used = ResourceUse(cpu_s=1.5, samples=[ResourceSample(1.0, 50.0, 2.0)])
    sampler = SimpleNamespace(use={"engine": used, "functions": ResourceUse()})
    return SimpleNamespace(follower=follower, figures=figures, sampler=sampler)


def told(folder: Path) -> Any:
    return json.loads((folder / LIVE_FILE).read_text())


def test_figures_are_told_with_what_is_shown(tmp_path: Path) -> None:
    state = LiveState(tmp_path, {"run": "r"}, wanted=True)
    state.watch(load(Snapshot(at=1.0, offered=5, delivered=3)))
    state.say("0:01  offered 5")
    found = told(tmp_path)
    assert found["text"] == "0:01  offered 5"
    assert {"what": "Offered", "value": "5"} in found["rows"]
    metrics = found["metrics"]
    assert metrics["about"] == {"run": "r"}
    assert metrics["files"]["delivered"] == 3
    assert metrics["failures"] == [{"kind": "failed", "cause": "NoSuchKey", "count": 2}]
    assert metrics["samples"] == [{"name": "sftp.sessions", "unit": "sessions", "value": 3.0}]
    assert metrics["resources"] == {"engine": {"cpu_s": 1.5, "rss_bytes": 2 << 20}}


def test_the_end_of_a_short_run_is_told_although_something_was_told_a_moment_ago(tmp_path: Path) -> None:
    state = LiveState(tmp_path, {}, wanted=True)
    offer = load(Snapshot(at=1.0, offered=5))
    state.watch(offer)
    state.say("first")
    offer.follower.latest = Snapshot(at=2.0, offered=20)
    state.say("second")
    assert told(tmp_path)["metrics"]["files"]["offered"] == 5
    state.end()
    assert (told(tmp_path)["text"], told(tmp_path)["metrics"]["files"]["offered"]) == ("second", 20)


@pytest.mark.parametrize(("wanted", "latest"), [(False, Snapshot(at=1.0)), (True, None)])
def test_nothing_is_written_that_nobody_reads_or_knows(
    tmp_path: Path, wanted: bool, latest: Snapshot | None
) -> None:
    state = LiveState(tmp_path, {}, wanted=wanted)
    state.end()
    state.watch(load(latest))
    state.say("x")
    state.end()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.run.live_state.replace_json", full)
    state = LiveState(tmp_path, {}, wanted=True)
    state.watch(load(Snapshot(at=1.0)))
    state.say("x")
