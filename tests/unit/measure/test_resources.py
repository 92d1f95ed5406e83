"""The arithmetic of sampling, on this very process; children and deaths are an integration test's."""

from __future__ import annotations

import os
from itertools import pairwise

import psutil
import pytest

from harness.engines.base import ProcessRecord
from harness.engines.process import record_of
from harness.measure.process_tree import ProcessTree
from harness.measure.resources import MAX_SAMPLES, ResourceSample, ResourceSampler, ResourceUse

pytestmark = pytest.mark.unit

ME = record_of("harness", os.getpid())


@pytest.fixture(autouse=True)
def childless(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a session of all tiers, engines of other tests are children of this process."""
    monkeypatch.setattr(ProcessTree, "descendants", lambda _self, _pid: [])


def burn(seconds: float) -> None:
    begun = sum(os.times()[:2])
    while sum(os.times()[:2]) - begun < seconds:
        sum(range(1000))


def test_cpu_counts_from_the_first_look_on() -> None:
    burn(0.05)
    sampler = ResourceSampler(lambda: [ME])
    sampler.look()
    assert sampler.use["harness"].cpu_s == 0
    burn(0.2)
    sampler.look()
    use = sampler.use["harness"]
    assert 0.15 < use.cpu_s < 5
    assert use.rss_max_mib == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.5)
    assert len(use.samples) == 2
    assert sampler.own_cpu_s > 0


def test_a_process_that_was_replaced_under_its_number_is_not_counted() -> None:
    sampler = ResourceSampler(lambda: [ProcessRecord("engine", ME.pid, ME.started_at - 100)])
    sampler.look()
    assert sampler.use == {}


def test_a_clock_that_is_set_kills_nobody_and_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    dead: list[ProcessRecord] = []
    sampler = ResourceSampler(lambda: [ME], required=frozenset({"harness"}), on_death=dead.append)
    sampler.look()
    created_at = psutil.Process().create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: created_at + 3600)
    sampler.look()
    assert dead == []
    assert sampler.use["harness"].cpu_s < sum(os.times()[:2]) / 2


def test_a_required_process_that_is_gone_is_told_once() -> None:
    gone = ProcessRecord("engine", ME.pid, ME.started_at - 100)
    dead: list[ProcessRecord] = []
    sampler = ResourceSampler(lambda: [gone, ME], required=frozenset({"engine"}), on_death=dead.append)
    for _ in range(3):
        sampler.look()
    assert dead == [gone]


def test_a_role_that_vanishes_has_samples_of_nothing() -> None:
    records = [ME]
    sampler = ResourceSampler(lambda: records)
    sampler.look()
    records.clear()
    sampler.look()
    assert sampler.use["harness"].samples[-1].rss_mib == 0


def test_a_long_run_keeps_few_samples_that_stand_for_as_many_looks_each() -> None:
    use = ResourceUse()
    looks = 4 * MAX_SAMPLES
    for look in range(looks):
        use.add(ResourceSample(float(look), look % 2 * 100.0, 900.0 if look == 6001 else 100.0))
    assert len(use.samples) == MAX_SAMPLES
    assert {sample.cpu_percent for sample in use.samples} == {50.0}
    assert [sample.at for sample in use.samples if sample.rss_mib == 900.0] == [6003.0]
    assert {later.at - one.at for one, later in pairwise(use.samples)} == {4.0}
    assert use.samples[-1].at == looks - 1
