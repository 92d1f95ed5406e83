"""The plugin's live figures: concurrency with its peaks, totals, and what a queue holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from floodgate_localstack.live.executions import ExecutionTotals
from floodgate_localstack.live.functions import FunctionTotals
from floodgate_localstack.live.peaks import KEPT_S, Concurrency
from floodgate_localstack.live.queues import described

pytestmark = pytest.mark.unit


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_a_peak_is_told_to_those_who_ask_from_before_it(clock: HandClock) -> None:
    concurrency = Concurrency(clock)
    with concurrency.running(), concurrency.running():
        clock.now += 2
    clock.now += 3
    assert concurrency.read(since=1000.0) == (0, 2, 4.0)
    assert concurrency.read(since=1004.0)[1] == 0


def test_running_time_grows_while_something_runs(clock: HandClock) -> None:
    concurrency = Concurrency(clock)
    with concurrency.running():
        clock.now += 5
        assert concurrency.read(since=1004.5) == (1, 1, 5.0)


def test_old_peaks_are_forgotten(clock: HandClock) -> None:
    concurrency = Concurrency(clock)
    for _ in range(3 * KEPT_S):
        with concurrency.running():
            clock.now += 1
    assert len(concurrency._peaks) <= KEPT_S + 2


def test_a_failed_block_is_no_longer_counted(clock: HandClock) -> None:
    concurrency = Concurrency(clock)
    with pytest.raises(ValueError, match="broken"), concurrency.running():
        raise ValueError("broken")
    assert concurrency.read(since=2000.0)[0] == 0


def test_totals_of_functions_are_kept_apart() -> None:
    totals = FunctionTotals()
    totals.invoked("worker", 12.5, is_error=False)
    totals.invoked("worker", 7.5, is_error=True)
    totals.throttled("starter")
    found = totals.to_json(since=0.0)
    assert {
        name: (each["invocations"], each["errors"], each["throttles"]) for name, each in found.items()
    } == {
        "worker": (2, 1, 0),
        "starter": (0, 0, 1),
    }
    assert found["worker"]["duration_ms"] == 20.0


def test_executions_run_until_they_have_ended() -> None:
    totals = ExecutionTotals()
    for status in ("RUNNING", "RUNNING", "RUNNING", "SUCCEEDED", "TIMED_OUT"):
        totals.changed("arn:parent", status)
    assert totals.to_json() == {"arn:parent": {"started": 3, "running": 1, "failed": 1}}


@dataclass(frozen=True)
class Message:
    created: float
    receive_count: int = 0


@dataclass
class Queue:
    """A standard queue: `heap` begins with the oldest of the visible messages."""

    heap: list[Message] = field(default_factory=list)
    inflight: set[Message] = field(default_factory=set)
    delayed: set[Message] = field(default_factory=set)
    mutex: Any = field(default_factory=threading.RLock)

    @property
    def visible(self) -> Any:
        return SimpleNamespace(queue=self.heap)

    @property
    def approx_number_of_messages(self) -> int:
        return len(self.heap)


class LaterQueue(Queue):
    """A queue as LocalStack 4.14.0 has it: the number has another name."""

    approx_number_of_messages = property()

    @property
    def approximate_number_of_messages(self) -> int:
        return len(self.heap)


class FifoQueue(Queue):
    """Has a heap for each group, and no common one."""

    def __init__(self, *groups: list[Message]) -> None:
        super().__init__(heap=[message for group in groups for message in group])
        self.message_groups = {str(n): SimpleNamespace(messages=group) for n, group in enumerate(groups)}


def test_the_oldest_message_may_be_in_flight() -> None:
    queue = Queue([Message(95.0), Message(99.0)], {Message(90.0, receive_count=2)}, {Message(98.0)})
    assert described(queue, now=100.0) == {
        "visible": 2, "in_flight": 1, "delayed": 1, "oldest_age_s": 10.0, "receives": 2,
    }  # fmt: skip


def test_a_queue_of_a_later_localstack_is_counted_too() -> None:
    assert described(LaterQueue([Message(95.0), Message(99.0)]), now=100.0)["visible"] == 2


def test_an_empty_queue_has_no_age() -> None:
    assert described(Queue(), now=100.0)["oldest_age_s"] is None


def test_a_fifo_queue_is_as_old_as_its_oldest_group() -> None:
    queue = FifoQueue([Message(97.0)], [Message(92.0), Message(93.0)], [])
    assert (described(queue, now=100.0)["visible"], described(queue, now=100.0)["oldest_age_s"]) == (3, 8.0)
