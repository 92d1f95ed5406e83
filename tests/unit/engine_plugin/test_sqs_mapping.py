"""Event source mappings of queues: slots, batches, and the loop with a queue and a function in memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from floodgate_localstack.sqs_mapping.batches import (
    Batch,
    BatchFailedError,
    Message,
    batches_of,
    done_messages,
)
from floodgate_localstack.sqs_mapping.mapping import (
    Answer,
    InvokeFailedError,
    MappingSettings,
    SqsMapping,
    ThrottledError,
)
from floodgate_localstack.sqs_mapping.slots import Slots

pytestmark = pytest.mark.unit

DEADLINE_S = 10.0


def message(number: int, body: str = "{}") -> Message:
    identifier = f"m{number}"
    return Message(identifier, f"r{number}", {"messageId": identifier, "body": body})


def batch_of(count: int) -> Batch:
    (batch,) = batches_of([message(number) for number in range(count)])
    return batch


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class MemoryQueue:
    """A queue that hands out what it holds and remembers what was deleted."""

    def __init__(self, messages: list[Message]) -> None:
        self.visible_for_s = 30.0
        self._waiting = list(messages)
        self._changed = threading.Condition()
        self.deleted: list[str] = []

    def receive(self, count: int, wait_s: float) -> list[Message]:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting), min(wait_s, 0.05))
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
            return taken

    def put(self, *messages: Message) -> None:
        with self._changed:
            self._waiting += messages
            self._changed.notify_all()

    def delete(self, messages: list[Message]) -> None:
        self.deleted += [message.message_id for message in messages]

    def has_backlog(self) -> bool:
        return bool(self._waiting)

    def visibility_timeout_s(self) -> float:
        return self.visible_for_s


class GatedFunction:
    """A function whose invocations wait for the test; counts how many run at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.payloads: list[list[str]] = []
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()

    def invoke(self, payload: bytes) -> Answer:
        with self._lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.payloads.append([record["messageId"] for record in json.loads(payload)["Records"]])
        assert self.gate.wait(DEADLINE_S)
        with self._lock:
            self.running -= 1
        return Answer(b"null", is_error=False)


class FailingFunction:
    """A function that answers what the test gives it, one after the other; the last one for ever."""

    def __init__(self, *outcomes: Answer | Exception) -> None:
        self._outcomes = list(outcomes)
        self.calls = 0

    def invoke(self, payload: bytes) -> Answer:
        self.calls += 1
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@contextmanager
def running(
    queue: MemoryQueue,
    function: GatedFunction | FailingFunction,
    settings: MappingSettings | None = None,
    slots: Slots | None = None,
    matching: Callable[[list[Message]], list[Message]] = list,
) -> Iterator[threading.Event]:
    stop = threading.Event()
    mapping = SqsMapping(
        queue,
        function,
        settings or MappingSettings(batch_size=1, window_s=0, reports_failures=True),
        slots or Slots(4, 4),
        stop,
        matching,
    )
    thread = threading.Thread(target=mapping.run)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        if isinstance(function, GatedFunction):
            function.gate.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def test_as_many_batches_run_as_there_are_slots_and_the_rest_stays_in_the_queue() -> None:
    queue, function = MemoryQueue([message(number) for number in range(10)]), GatedFunction()
    with running(queue, function):
        eventually(lambda: function.running == 4)
        assert len(queue._waiting) == 6  # not received: waiting must not cost a receive
        function.gate.set()
        eventually(lambda: len(queue.deleted) == 10)
    assert function.most_running == 4


def test_a_hung_batch_stops_nothing_else() -> None:
    class HangsOnFirst(GatedFunction):
        def invoke(self, payload: bytes) -> Answer:
            if b'"m0"' not in payload:
                return Answer(None, is_error=False)
            return super().invoke(payload)

    queue = MemoryQueue([message(number) for number in range(20)])
    with running(queue, HangsOnFirst(), slots=Slots(2, 2)):
        eventually(lambda: len(queue.deleted) == 19)
    assert "m0" not in queue.deleted[:19]


def test_limit_grows_with_a_backlog_up_to_the_ceiling_and_settles_when_idle() -> None:
    queue, function = MemoryQueue([message(number) for number in range(30)]), GatedFunction()
    slots = Slots(2, 5)
    with running(queue, function, slots=slots):
        eventually(lambda: function.running == 5)
        function.gate.set()
        eventually(lambda: len(queue.deleted) == 30 and slots.limit == 2)
    assert function.most_running == 5


def test_growth_has_the_pace_of_aws() -> None:
    now = [100.0]
    slots = Slots(5, 1000, clock=lambda: now[0])
    slots.grow()
    assert slots.limit == 5
    now[0] += 0.2
    slots.grow()
    assert slots.limit == 6
    now[0] += 60
    slots.grow()
    assert slots.limit == 11  # not 300 at once after a quiet minute


def test_a_ceiling_below_the_start_holds_at_once() -> None:
    assert Slots(5, 3).limit == 3


def test_throttling_takes_back_what_grew_and_no_more() -> None:
    now = [100.0]
    slots = Slots(2, 10, clock=lambda: now[0])
    now[0] += 1
    slots.grow()
    assert slots.limit == 7
    for _ in range(20):
        slots.shrink()
    assert (
        slots.limit == 2
    )  # AWS never polls less: those invocations are refused, and their messages come back


def test_throttled_batch_is_tried_again_and_slows_the_mapping_down() -> None:
    queue = MemoryQueue([message(1)])
    function = FailingFunction(ThrottledError(), ThrottledError(), Answer(None, is_error=False))
    slots = Slots(4, 4)
    with running(queue, function, slots=slots):
        eventually(lambda: queue.deleted == ["m1"])
    assert function.calls == 3


def test_throttled_batch_is_given_up_when_its_messages_become_visible() -> None:
    queue, function = MemoryQueue([message(1)]), FailingFunction(ThrottledError())
    queue.visible_for_s = 0.25
    slots = Slots(4, 4)
    with running(queue, function, slots=slots):
        eventually(lambda: function.calls > 0 and slots.busy <= 1)
        calls = function.calls
        queue.put(message(2))
        eventually(lambda: function.calls > calls)
    assert calls < 5
    assert queue.deleted == []


@pytest.mark.parametrize(
    "outcome", [Answer(b'{"errorType":"E"}', is_error=True), InvokeFailedError("gone"), KeyError("bug")]
)
def test_failed_batch_is_left_for_the_visibility_timeout(outcome: Answer | Exception) -> None:
    queue, function = MemoryQueue([message(1)]), FailingFunction(outcome)
    slots = Slots(4, 4)
    with running(queue, function, slots=slots):
        eventually(lambda: function.calls == 1 and slots.busy <= 1)
        queue.put(message(2))
        eventually(lambda: function.calls == 2 and slots.busy <= 1)
    assert queue.deleted == []


def test_window_collects_one_batch() -> None:
    queue, function = MemoryQueue([message(0)]), GatedFunction()
    function.gate.set()
    settings = MappingSettings(batch_size=3, window_s=DEADLINE_S, reports_failures=False)
    with running(queue, function, settings):
        eventually(lambda: not queue.has_backlog())
        queue.put(message(1), message(2))
        eventually(lambda: len(queue.deleted) == 3)
    assert function.payloads == [["m0", "m1", "m2"]]


def test_without_a_window_a_batch_is_what_is_there() -> None:
    queue, function = MemoryQueue([message(number) for number in range(3)]), GatedFunction()
    function.gate.set()
    with running(queue, function, MappingSettings(batch_size=10, window_s=0, reports_failures=False)):
        eventually(lambda: len(queue.deleted) == 3)
    assert function.payloads == [["m0", "m1", "m2"]]


def test_filtered_messages_are_deleted_and_not_sent() -> None:
    queue, function = MemoryQueue([message(1, "keep"), message(2, "drop")]), GatedFunction()
    function.gate.set()
    settings = MappingSettings(batch_size=10, window_s=0, reports_failures=False)
    with running(
        queue,
        function,
        settings,
        matching=lambda messages: [one for one in messages if one.event["body"] == "keep"],
    ):
        eventually(lambda: sorted(queue.deleted) == ["m1", "m2"])
    assert function.payloads == [["m1"]]


def test_stopped_mapping_takes_nothing_more() -> None:
    queue, function = MemoryQueue([]), GatedFunction()
    with running(queue, function):
        pass
    queue.put(message(1))
    assert function.payloads == []
    assert queue.has_backlog()


def test_batches_stay_below_the_payload_limit() -> None:
    messages = [message(number, "x" * 1000) for number in range(10)]
    batches = list(batches_of(messages, limit_bytes=3500))
    assert [len(batch.messages) for batch in batches] == [3, 3, 3, 1]
    assert all(len(batch.payload) <= 3500 for batch in batches)
    records = [record for batch in batches for record in json.loads(batch.payload)["Records"]]
    assert records == [one.event for one in messages]
    assert len(list(batches_of([message(0, "x" * 9000)], limit_bytes=3500))) == 1


@pytest.mark.parametrize(
    ("answer", "done"),
    [
        (None, ["m0", "m1"]),
        (b"null", ["m0", "m1"]),
        (b"{}", ["m0", "m1"]),
        (b'{"batchItemFailures": []}', ["m0", "m1"]),
        (b'{"batchItemFailures": null}', ["m0", "m1"]),
        (b'{"batchItemFailures": [{"itemIdentifier": "m0"}]}', ["m1"]),
        (b'{"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m0"}]}', []),
    ],
)
def test_reported_failures_stay_in_the_queue(answer: bytes | None, done: list[str]) -> None:
    kept = done_messages(batch_of(2), answer, reports_failures=True)
    assert [message.message_id for message in kept] == done


@pytest.mark.parametrize(
    "answer",
    [
        b"{not json",
        b'"ok"',
        b'{"batchItemFailures": "m0"}',
        b'{"batchItemFailures": ["m0"]}',
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"itemidentifier": "m0"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "not in the batch"}]}',
    ],
)
def test_answer_that_cannot_be_read_fails_the_whole_batch(answer: bytes) -> None:
    with pytest.raises(BatchFailedError):
        done_messages(batch_of(2), answer, reports_failures=True)
    assert len(done_messages(batch_of(2), answer, reports_failures=False)) == 2
