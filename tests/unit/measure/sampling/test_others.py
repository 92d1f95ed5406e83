"""Load of the machine that is not the run's."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from harness.measure import resources
from harness.measure.resources import ResourceSampler
from harness.measure.sampling.others import OthersSource
from harness.measure.sampling.readings import Reading

pytestmark = pytest.mark.unit


def test_what_the_run_did_not_use_of_the_busy_time_was_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten seconds in which the cores were busy for 30 s, the run's one process took 10 s."""
    clock = {"at": 1000.0, "busy": 500.0, "own": 7.0}
    monkeypatch.setattr(resources, "now", lambda: clock["at"])
    monkeypatch.setattr(
        psutil, "cpu_times", lambda: SimpleNamespace(user=clock["busy"], system=0.0, idle=9e9, iowait=9e9)
    )
    monkeypatch.setattr(
        ResourceSampler, "_read_all", lambda *_: {(1, 2.0): resources._Reading("engine", clock["own"], 0)}
    )
    sampler = ResourceSampler(list)
    source = OthersSource(sampler)
    assert list(source.read(0.0)) == []
    sampler.look()
    assert list(source.read(0.0)) == []
    clock.update(at=1010.0, busy=530.0, own=17.0)
    sampler.look()
    assert list(source.read(0.0)) == [Reading("machine.others", "cores", 2.0)]
    assert list(source.read(0.0)) == []
