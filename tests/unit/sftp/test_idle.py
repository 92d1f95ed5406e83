"""The idle timeout, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from harness.sftp.idle import IdleWatch

pytestmark = pytest.mark.unit

TIMEOUT_S = 1800.0


@dataclass
class _Timer:
    at: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class OwnTime:
    """A loop whose time passes when it is told to."""

    now: float = 0.0
    timers: list[_Timer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> _Timer:
        self.timers.append(_Timer(self.now + delay, callback))
        return self.timers[-1]

    def pass_until(self, now: float) -> None:
        while due := [timer for timer in self.timers if timer.at <= now]:
            timer = min(due, key=lambda one: one.at)
            self.timers.remove(timer)
            self.now = timer.at
            if not timer.cancelled:
                timer.callback()
        self.now = now


def _watch() -> tuple[OwnTime, list[float], IdleWatch]:
    loop, ended = OwnTime(), []
    return loop, ended, IdleWatch(loop, TIMEOUT_S, lambda: ended.append(loop.now))


def test_a_session_without_requests_ends_after_1800_seconds() -> None:
    loop, ended, _ = _watch()
    loop.pass_until(1799.9)
    assert ended == []
    loop.pass_until(10_000)
    assert ended == [1800.0]


def test_each_request_begins_the_time_anew() -> None:
    loop, ended, watch = _watch()
    for at in (1000, 2000, 3799):
        loop.pass_until(at)
        with watch.request():
            pass
    loop.pass_until(5598)
    assert ended == []
    loop.pass_until(5599)
    assert ended == [5599.0]


def test_a_request_that_takes_long_is_not_idle() -> None:
    loop, ended, watch = _watch()
    with watch.request():
        loop.pass_until(7000)
    loop.pass_until(8799)
    assert ended == []
    loop.pass_until(20_000)
    assert ended == [8800.0]


def test_nothing_happens_after_the_end() -> None:
    loop, ended, watch = _watch()
    watch.stop()
    loop.pass_until(10_000)
    assert ended == []
    assert len(loop.timers) == 0
