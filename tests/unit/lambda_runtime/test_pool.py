"""Who gets an environment, who starts one, who waits, who is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from floodgate_localstack.lambda_runtime.pool import Pool, PoolFullError

pytestmark = pytest.mark.unit

WAIT_S = 10.0


class Environment:
    """A member that says what was done to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive

    def stop(self) -> None:
        self.alive = False


class Factory:
    """Starts environments, each of which waits for leave while `held` is set."""

    def __init__(self) -> None:
        self.started: list[Environment] = []
        self.begun = 0
        self.leave = threading.Event()
        self.leave.set()

    def __call__(self) -> Environment:
        self.begun += 1
        assert self.leave.wait(WAIT_S)
        self.started.append(Environment(f"env-{len(self.started)}"))
        return self.started[-1]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def run_once(pool: Pool[Environment], key: str, start: Factory) -> str:
    with pool.lease(key, start) as environment:
        return str(environment.name)


def eventually(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def use(pool: Pool[Environment], factory: Factory, key: str = "f") -> Environment:
    with pool.lease(key, factory) as environment:
        taken: Environment = environment
    return taken


def test_environment_is_used_again() -> None:
    pool, factory = Pool[Environment](2, 2), Factory()
    assert use(pool, factory) is use(pool, factory)
    assert factory.begun == 1


def test_the_one_used_last_is_taken_so_that_others_age() -> None:
    pool, factory = Pool[Environment](4, 4), Factory()
    with pool.lease("f", factory):
        last = use(pool, factory)
    with pool.lease("f", factory) as outer:
        assert outer is not last
        assert use(pool, factory) is last


def test_dead_environment_is_replaced() -> None:
    pool, factory = Pool[Environment](2, 2), Factory()
    use(pool, factory).alive = False
    assert use(pool, factory).alive
    assert factory.begun == 2


def test_environment_that_died_in_the_invocation_is_not_kept() -> None:
    pool, factory = Pool[Environment](2, 2), Factory()
    with pool.lease("f", factory) as environment:
        environment.alive = False
    assert pool.size("f") == 0


def test_error_of_the_invocation_leaves_the_environment_in_the_pool() -> None:
    pool, factory = Pool[Environment](1, 1), Factory()
    with pytest.raises(ValueError, match="handler"), pool.lease("f", factory):
        raise ValueError("handler")
    assert use(pool, factory) is factory.started[0]


def test_ceiling_refuses_at_once() -> None:
    pool, factory = Pool[Environment](2, 2), Factory()
    with pool.lease("f", factory), pool.lease("g", factory), pytest.raises(PoolFullError):
        use(pool, factory)
    assert use(pool, factory)


def test_failed_start_gives_its_place_back() -> None:
    pool, factory = Pool[Environment](1, 1), Factory()

    def fail() -> Environment:
        raise OSError("no such program")

    for _ in range(3):
        with pytest.raises(OSError, match="no such program"), pool.lease("f", fail):
            raise AssertionError("not reached")
    assert use(pool, factory)


def test_idle_environment_of_another_function_makes_room() -> None:
    pool, factory = Pool[Environment](2, 2), Factory()
    oldest, newer = use(pool, factory, "f"), use(pool, factory, "g")
    use(pool, factory, "h")
    assert (oldest.alive, newer.alive) == (False, True)
    assert pool.size("f") == 0


def test_environment_in_use_lately_makes_no_room_for_a_second_one_of_another_function(
    threads: ThreadPoolExecutor,
) -> None:
    pool: Pool[Environment] = Pool(2, 2, waiting=1)
    start = Factory()
    with pool.lease("mine", start), pool.lease("other", start):
        waiting = threads.submit(run_once, pool, "mine", start)
        eventually(lambda: pool.size("mine") == 1 and not waiting.done())
    assert waiting.result(WAIT_S) == "env-0"
    assert len(start.started) == 2


def test_function_without_an_environment_gets_the_room_of_one_that_is_given_back(
    threads: ThreadPoolExecutor,
) -> None:
    pool: Pool[Environment] = Pool(1, 1, waiting=2)
    start = Factory()
    with pool.lease("busy", start) as first:
        again = threads.submit(run_once, pool, "busy", start)
        starved = threads.submit(run_once, pool, "starved", start)
        eventually(lambda: sum(len(group.waiters) for group in pool._groups.values()) == 2)
    assert {again.result(WAIT_S), starved.result(WAIT_S)} == {"env-1", "env-2"}
    assert not first.alive


def test_waiting_above_the_ceiling_is_bounded(threads: ThreadPoolExecutor) -> None:
    pool: Pool[Environment] = Pool(1, 1, waiting=1)
    start = Factory()
    with pool.lease("f", start):
        waiting = threads.submit(run_once, pool, "f", start)
        eventually(lambda: any(group.waiters for group in pool._groups.values()))
        with pytest.raises(PoolFullError), pool.lease("f", start):
            pass
    assert waiting.result(WAIT_S) == "env-0"


def test_waiting_invocation_takes_the_environment_that_becomes_free(threads: ThreadPoolExecutor) -> None:
    clock = Clock()
    pool, factory = Pool[Environment](8, 1, clock=clock), SlowFactory(clock, start_s=1.0)
    factory.leave.clear()
    futures = [threads.submit(use, pool, factory) for _ in range(8)]
    eventually(lambda: waiting(pool) == 7)
    factory.leave.set()
    assert {future.result(WAIT_S) for future in futures} == {factory.started[0]}


def test_no_more_starts_at_once_than_allowed(threads: ThreadPoolExecutor) -> None:
    pool, factory = Pool[Environment](8, 2), Factory()
    factory.leave.clear()
    futures = [threads.submit(use, pool, factory, f"f{number}") for number in range(6)]
    eventually(lambda: factory.begun == 2)
    assert sum(pool.size(f"f{number}") for number in range(6)) == 2
    factory.leave.set()
    for future in futures:
        future.result(WAIT_S)
    assert factory.begun == 6


def test_waiting_that_adds_up_to_a_start_leads_to_one(threads: ThreadPoolExecutor) -> None:
    """The clock moves only when the test says so: 1 s of start, then 1 s of waiting."""
    clock = Clock()
    pool, factory = Pool[Environment](8, 1, clock=clock), SlowFactory(clock, start_s=1.0)
    with ExitStack() as held:
        held.enter_context(pool.lease("f", factory))
        second: Future[Environment] = threads.submit(use, pool, factory)
        eventually(lambda: waiting(pool) == 1)
        assert factory.begun == 1
        clock.now_s += 1.0
        assert second.result(WAIT_S) is factory.started[1]
    assert factory.begun == 2


def test_two_that_wait_add_up(threads: ThreadPoolExecutor) -> None:
    clock = Clock()
    pool, factory = Pool[Environment](8, 1, clock=clock), SlowFactory(clock, start_s=1.0)
    with ExitStack() as held:
        held.enter_context(pool.lease("f", factory))
        others = [threads.submit(use, pool, factory) for _ in range(2)]
        eventually(lambda: waiting(pool) == 2)
        clock.now_s += 0.5
        assert {other.result(WAIT_S) for other in others} == {factory.started[1]}


def test_start_that_hangs_no_longer_counts(threads: ThreadPoolExecutor) -> None:
    clock = Clock()
    pool, factory = Pool[Environment](8, 1, clock=clock), Factory()
    factory.leave.clear()
    hung = threads.submit(use, pool, factory, "hung")
    eventually(lambda: factory.begun == 1)
    clock.now_s += 60
    other = Factory()
    assert use(pool, other, "other") is other.started[0]
    factory.leave.set()
    hung.result(WAIT_S)


def test_drop_stops_idle_ones_and_lets_busy_ones_end() -> None:
    pool, factory = Pool[Environment](4, 4), Factory()
    with pool.lease("f", factory) as busy:
        idle = use(pool, factory)
        pool.drop("f", stop_busy=False)
        assert (idle.alive, busy.alive) == (False, True)
        assert use(pool, factory) is not busy
    assert not busy.alive


def test_dropped_but_running_ones_count_until_they_end() -> None:
    pool, factory = Pool[Environment](1, 1), Factory()
    with pool.lease("f", factory):
        pool.drop("f", stop_busy=False)
        with pytest.raises(PoolFullError):
            use(pool, factory)
    assert use(pool, factory)


def test_drop_of_a_deleted_function_stops_busy_ones() -> None:
    pool, factory = Pool[Environment](4, 4), Factory()
    with pool.lease("f", factory) as busy:
        pool.drop("f", stop_busy=True)
        assert not busy.alive


def test_deletion_during_a_start_stops_what_was_started(threads: ThreadPoolExecutor) -> None:
    pool, factory = Pool[Environment](4, 4), Factory()
    factory.leave.clear()
    starting = threads.submit(use, pool, factory)
    eventually(lambda: factory.begun == 1)
    pool.drop("f", stop_busy=True)
    factory.leave.set()
    assert not starting.result(WAIT_S).alive


def test_idle_ones_are_stopped_after_their_time() -> None:
    clock = Clock()
    pool, factory = Pool[Environment](4, 4, clock=clock), Factory()
    old = use(pool, factory, "f")
    clock.now_s += 10
    new = use(pool, factory, "g")
    pool.stop_idle(longer_than_s=5)
    assert (old.alive, new.alive) == (False, True)
    assert (pool.size("f"), pool.size("g")) == (0, 1)


def test_stop_ends_everything() -> None:
    pool, factory = Pool[Environment](4, 4), Factory()
    with pool.lease("f", factory) as dropped:
        pool.drop("f", stop_busy=False)
        with pool.lease("f", factory) as busy:
            idle = use(pool, factory)
            pool.stop()
            assert not any(environment.alive for environment in (dropped, busy, idle))


def test_many_threads_never_exceed_the_limits(threads: ThreadPoolExecutor) -> None:
    """Run with real waiting: at most 4 at once, nobody served twice, all served or refused."""
    pool, factory = Pool[Environment](4, 2), Factory()
    lock = threading.Lock()
    in_use: list[Environment] = []
    most = 0
    refused = 0

    def work(number: int) -> None:
        nonlocal most, refused
        try:
            with pool.lease(f"f{number % 3}", factory) as environment:
                with lock:
                    assert environment not in in_use
                    in_use.append(environment)
                    most = max(most, len(in_use))
                time.sleep(0.001)
                with lock:
                    in_use.remove(environment)
        except PoolFullError:
            with lock:
                refused += 1

    for future in [threads.submit(work, number) for number in range(400)]:
        future.result(WAIT_S)
    assert 1 <= most <= 4
    assert sum(environment.alive for environment in factory.started) <= 4
    assert refused < 400
    assert use(pool, factory)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class SlowFactory(Factory):
    """A start takes time on the clock of the test."""

    def __init__(self, clock: Clock, start_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._start_s = start_s

    def __call__(self) -> Environment:
        self._clock.now_s += self._start_s
        return super().__call__()


def waiting(pool: Pool[Environment]) -> int:
    return sum(len(group.waiters) for group in pool._groups.values())
