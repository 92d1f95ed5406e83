"""Environments that start before anybody asks for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from floodgate_localstack.lambda_runtime.pool import Pool
from floodgate_localstack.lambda_runtime.prewarm import Prewarmer

pytestmark = pytest.mark.unit

WAIT_S = 10.0


class Environment:
    """A member that tells its function, and whether it can take an invocation."""

    def __init__(self, function: str, *, alive: bool = True) -> None:
        self.function = function
        self.alive = alive
        self.stopped = False

    def is_alive(self) -> bool:
        return self.alive and not self.stopped

    def stop(self) -> None:
        self.stopped = True


class Starts:
    """Starts environments, each of which waits for leave while `leave` is clear."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.made: list[Environment] = []
        self.alive = True
        self.leave = threading.Event()
        self.leave.set()

    def of(self, function: str) -> Callable[[], Environment]:
        def start() -> Environment:
            self.begun.append(function)
            assert self.leave.wait(WAIT_S)
            self.made.append(Environment(function, alive=self.alive))
            return self.made[-1]

        return start


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def pool() -> Pool[Environment]:
    return Pool(8, 2)


@pytest.fixture
def prewarmer(pool: Pool[Environment], starts: Starts) -> Iterator[Prewarmer[Environment]]:
    made = Prewarmer(pool, each=2, at_once=1)
    yield made
    made.stop()
    starts.leave.set()
    done(made)


def done(prewarmer: Prewarmer[Environment]) -> None:
    eventually(lambda: prewarmer.pending() == 0)


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def many() -> int:
    return 100


def test_a_function_gets_its_environments_and_invocations_use_them(
    pool: Pool[Environment], prewarmer: Prewarmer[Environment], starts: Starts
) -> None:
    prewarmer.order("f", starts.of("f"), many)
    done(prewarmer)
    assert pool.counts() == {"starting": 0, "idle": 2, "busy": 0}
    with pool.lease("f", starts.of("f")) as one, pool.lease("f", starts.of("f")) as other:
        assert {one, other} == set(starts.made)
    assert len(starts.begun) == 2


def test_every_function_has_one_before_any_has_two(prewarmer: Prewarmer[Environment], starts: Starts) -> None:
    starts.leave.clear()
    prewarmer.order("f", starts.of("f"), many)
    eventually(lambda: starts.begun)
    prewarmer.order("g", starts.of("g"), many)
    starts.leave.set()
    done(prewarmer)
    assert starts.begun == ["f", "g", "f", "g"]


@pytest.mark.parametrize(("reserved", "expected"), [(0, 0), (1, 1), (2, 2), (9, 2)])
def test_no_more_than_may_run(
    pool: Pool[Environment],
    prewarmer: Prewarmer[Environment],
    starts: Starts,
    reserved: int,
    expected: int,
) -> None:
    prewarmer.order("f", starts.of("f"), lambda: reserved)
    done(prewarmer)
    assert pool.size("f") == expected


def test_at_the_ceiling_nothing_is_ended_for_it(starts: Starts) -> None:
    pool: Pool[Environment] = Pool(1, 1)
    with pool.lease("busy", starts.of("busy")):
        pass
    pool.warm("f", starts.of("f"), many)
    assert starts.begun == ["busy"]
    assert not starts.made[0].stopped


def test_it_waits_while_as_many_start_as_may_at_once(starts: Starts) -> None:
    pool: Pool[Environment] = Pool(8, 1)
    starts.leave.clear()
    first = threading.Thread(target=pool.warm, args=("f", starts.of("f"), many))
    second = threading.Thread(target=pool.warm, args=("g", starts.of("g"), many))
    first.start()
    eventually(lambda: starts.begun == ["f"])
    second.start()
    assert pool.counts()["starting"] == 1
    starts.leave.set()
    for thread in (first, second):
        thread.join(WAIT_S)
    assert starts.begun == ["f", "g"]
    assert pool.counts()["idle"] == 2


def test_one_that_cannot_take_an_invocation_is_not_kept(
    pool: Pool[Environment], prewarmer: Prewarmer[Environment], starts: Starts
) -> None:
    starts.alive = False
    prewarmer.order("f", starts.of("f"), many)
    done(prewarmer)
    assert pool.size("f") == 0
    assert all(environment.stopped for environment in starts.made)
    starts.alive = True
    with pool.lease("f", starts.of("f")) as environment:
        assert environment.is_alive()


def test_a_start_that_fails_does_not_end_the_others(
    pool: Pool[Environment],
    prewarmer: Prewarmer[Environment],
    starts: Starts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> Environment:
        raise OSError("no such program")

    prewarmer.order("broken", fail, many)
    prewarmer.order("f", starts.of("f"), many)
    done(prewarmer)
    assert (pool.size("broken"), pool.size("f")) == (0, 2)
    assert "no such program" in caplog.text


def test_a_version_that_was_replaced_meanwhile_keeps_none(
    pool: Pool[Environment], prewarmer: Prewarmer[Environment], starts: Starts
) -> None:
    wanted = [2]
    starts.leave.clear()
    prewarmer.order("old", starts.of("old"), lambda: wanted[0])
    eventually(lambda: starts.begun)
    wanted[0] = 0
    pool.drop("old", stop_busy=False)
    starts.leave.set()
    done(prewarmer)
    assert starts.begun == ["old"]
    assert starts.made[0].stopped
    assert pool.counts() == {"starting": 0, "idle": 0, "busy": 0}


def test_the_end_of_the_pool_ends_one_that_starts(
    pool: Pool[Environment], prewarmer: Prewarmer[Environment], starts: Starts
) -> None:
    starts.leave.clear()
    prewarmer.order("f", starts.of("f"), many)
    eventually(lambda: starts.begun)
    pool.stop()
    starts.leave.set()
    done(prewarmer)
    assert starts.begun == ["f"]
    assert starts.made[0].stopped


def test_idle_ones_age_like_all_others(
    pool: Pool[Environment], prewarmer: Prewarmer[Environment], starts: Starts
) -> None:
    prewarmer.order("f", starts.of("f"), many)
    done(prewarmer)
    pool.stop_idle(longer_than_s=0)
    assert pool.size("f") == 0
    assert all(environment.stopped for environment in starts.made)


def test_none_are_wanted_by_default(pool: Pool[Environment], starts: Starts) -> None:
    prewarmer = Prewarmer(pool, each=0, at_once=2)
    prewarmer.order("f", starts.of("f"), many)
    assert prewarmer.pending() == 0
    assert starts.begun == []
