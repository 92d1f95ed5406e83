"""The loop around all sources, its gaps, and its cost."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from harness.exceptions import StackLostError, UsageError
from harness.measure.follow import Snapshot
from harness.measure.sampling.follower import FollowerSource
from harness.measure.sampling.readings import Reading, Source
from harness.measure.sampling.sampler import Sampler
from harness.measure.sampling.series import MAX_POINTS, Series

pytestmark = pytest.mark.unit


class Counter:
    """Tells how often it was looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def read(self, _at: float) -> Iterable[Reading]:
        self.looks += 1
        return [Reading("looks", "", self.looks)]


class Busy(Counter):
    """Burns CPU at each look."""

    def read(self, _at: float) -> Iterable[Reading]:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.02:
            sum(range(1000))
        return super().read(_at)


class Silent(Counter):
    """Does not answer the second look."""

    def read(self, _at: float) -> Iterable[Reading]:
        found = super().read(_at)
        if self.looks == 2:
            raise StackLostError("no answer")
        return found


class Unable(Counter):
    """Cannot tell anything here."""

    def read(self, _at: float) -> Iterable[Reading]:
        super().read(_at)
        raise UsageError("no plugin")


def sampler(*sources: Source) -> Sampler:
    return Sampler(sources, interval_s=3600, cores=4)


def test_a_source_that_does_not_answer_leaves_a_gap_and_the_others_go_on() -> None:
    silent, counter = Silent(), Counter()
    made = sampler(silent, counter)
    for _ in range(3):
        made.look()
    assert list(made.samples().series["looks"].value) == [1, 1, 2, 3, 3]
    assert counter.looks == 3


def test_a_source_that_can_tell_nothing_is_not_asked_again() -> None:
    unable, counter = Unable(), Counter()
    made = sampler(unable, counter)
    for _ in range(3):
        made.look()
    assert (unable.looks, counter.looks) == (1, 3)


def test_the_first_and_the_last_look_are_taken_however_short_the_run() -> None:
    counter = Counter()
    made = sampler(counter)
    made.start()
    made.stop()
    made.stop()
    assert counter.looks == 2


def test_its_cost_is_told_with_that_of_other_sampling() -> None:
    made = sampler(Busy())
    made.look()
    made.look()
    cost = made.samples(other_cpu_s=1.0).cost
    assert cost is not None
    assert cost.cpu_s >= 1.04
    assert cost.looks == 2
    assert cost.machine_share > 0


def test_a_defect_of_a_source_ends_sampling_and_is_kept() -> None:
    class Broken(Counter):
        def read(self, _at: float) -> Iterable[Reading]:
            super().read(_at)
            if self.looks > 1:
                raise KeyError("running")
            return ()

    made = Sampler([Broken()], interval_s=0.001)
    made.start()
    made._thread.join(10)
    made.stop()
    assert isinstance(made.failure, KeyError)


def follower(snapshot: Snapshot | None) -> Any:
    return SimpleNamespace(latest=snapshot)


def test_the_follower_tells_each_snapshot_once() -> None:
    following = follower(None)
    source = FollowerSource(following, counts_queues=False)
    assert list(source.read(1.0)) == []
    following.latest = Snapshot(at=5.0, oldest_age_s=2.0, queue_depth=7, dead_letters=1)
    assert list(source.read(2.0)) == [Reading("backlog.oldest_age", "s", 2.0)]
    assert list(source.read(3.0)) == []


def test_the_follower_counts_queues_where_the_engine_cannot() -> None:
    source = FollowerSource(follower(Snapshot(at=5.0, queue_depth=7, dead_letters=None)), counts_queues=True)
    assert {reading.name: reading.value for reading in source.read(1.0)} == {
        "backlog.oldest_age": 0.0,
        "queue.work.depth": 7,
    }


def test_a_long_series_is_thinned_in_the_file_and_whole_in_the_summary() -> None:
    count = 2 * MAX_POINTS + 1
    series = Series("s", [float(at) for at in range(count)], [float(at == 77) for at in range(count)])
    written = series.to_json()
    assert len(written["at"]) == len(written["value"]) <= MAX_POINTS
    assert written["at"][-1] <= count - 1
    assert series.summary() == {"unit": "s", "count": count, "mean": 0.0, "max": 1.0, "last": 0.0}


def test_a_series_without_readings_has_no_figures() -> None:
    assert Series("s").summary() == {"unit": "s", "count": 0, "mean": None, "max": None, "last": None}
    assert Series("s").to_json() == {"unit": "s", "at": [], "value": []}
