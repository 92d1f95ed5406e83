"""Who guesses is slowed down; who does not is not."""

from __future__ import annotations

import pytest

from harness.sftp.throttle import FailureThrottle, Limit

pytestmark = pytest.mark.unit

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> FailureThrottle:
    return FailureThrottle(clock, per_pair=Limit(3, 10.0), per_source=Limit(5, 1.0), max_entries=50)


def _fail(throttle: FailureThrottle, times: int, user: str = "alice", source: str = HERE) -> None:
    for _ in range(times):
        throttle.failed(user, source)


def test_a_pair_is_refused_after_its_tokens_and_gets_one_back_at_a_time(
    throttle: FailureThrottle, clock: Clock
) -> None:
    _fail(throttle, 2)
    assert not throttle.refuses("alice", HERE)
    _fail(throttle, 1)
    assert throttle.refuses("alice", HERE)
    clock.now_s += 9.9
    assert throttle.refuses("alice", HERE)
    clock.now_s += 0.1
    assert not throttle.refuses("alice", HERE)
    _fail(throttle, 1)
    assert throttle.refuses("alice", HERE)


def test_other_users_and_other_sources_are_not_concerned(throttle: FailureThrottle) -> None:
    _fail(throttle, 3)
    assert not throttle.refuses("alice", THERE)
    assert not throttle.refuses("bob", HERE)


def test_more_failures_do_not_lock_out_for_longer(throttle: FailureThrottle, clock: Clock) -> None:
    _fail(throttle, 1000)
    clock.now_s += 10.0
    assert not throttle.refuses("alice", HERE)


def test_a_success_fills_the_bucket(throttle: FailureThrottle) -> None:
    _fail(throttle, 2)
    throttle.succeeded("alice", HERE)
    _fail(throttle, 2)
    assert not throttle.refuses("alice", HERE)


def test_a_source_that_tries_many_names_is_refused_but_not_who_has_been_in_before(
    throttle: FailureThrottle,
) -> None:
    throttle.succeeded("alice", HERE)
    for number in range(5):
        throttle.failed(f"user{number}", HERE)
    assert throttle.refuses("another", HERE)
    assert not throttle.refuses("alice", HERE)
    assert not throttle.refuses("another", THERE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),
    ],
)
def test_what_counts_as_one_source(throttle: FailureThrottle, one: str, other: str, same: bool) -> None:
    _fail(throttle, 3, source=one)
    assert throttle.refuses("alice", other) is same


def test_memory_is_bounded(throttle: FailureThrottle) -> None:
    for number in range(1000):
        throttle.failed(f"user{number}", f"192.0.2.{number % 250}")
        throttle.succeeded(f"user{number}", HERE)
    for kept in (throttle._pairs._full_at, throttle._sources._full_at, throttle._known):
        assert len(kept) <= 50
