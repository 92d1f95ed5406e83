"""The loop of one mapping. Knows of queue and function only what it needs; imports nothing of LocalStack.

One thread takes messages, and only when a slot is free; each batch runs in a thread of its own. So a handler
that hangs holds its slot and nothing else, and an idle mapping costs one waiting thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from floodgate_localstack.sqs_mapping.batches import (
    PAYLOAD_LIMIT_BYTES,
    Batch,
    BatchFailedError,
    Message,
    batches_of,
    done_messages,
)
from floodgate_localstack.sqs_mapping.slots import Slots

LOG = logging.getLogger(__name__)

_LONG_POLL_S = 1.0
"""How long one receive waits; also how long a stop can take to be noticed."""
_FIRST_THROTTLE_DELAY_S = 0.1
_LONGEST_THROTTLE_DELAY_S = 5.0


class ThrottledError(Exception):
    """The function is at its limit of concurrency (TooManyRequestsException)."""


class InvokeFailedError(Exception):
    """The function could not be invoked."""


@dataclass(frozen=True)
class Answer:
    """What an invocation gave; `is_error` when the handler failed, timed out or crashed."""

    payload: bytes | None
    is_error: bool


class Queue(Protocol):
    def receive(self, count: int, wait_s: float) -> list[Message]:
        """Take up to `count` messages; wait up to `wait_s` for the first."""

    def delete(self, messages: list[Message]) -> None: ...

    def has_backlog(self) -> bool:
        """Whether messages wait that could be received now."""

    def visibility_timeout_s(self) -> float: ...


class Function(Protocol):
    def invoke(self, payload: bytes) -> Answer:
        """Invoke and wait. Raises `ThrottledError` and `InvokeFailedError`."""


@dataclass(frozen=True)
class MappingSettings:
    """What the mapping is configured with; `window_s` is MaximumBatchingWindowInSeconds."""

    batch_size: int
    window_s: float
    reports_failures: bool


class SqsMapping:
    """Moves messages from a queue to a function until `stop` is set.

    :param matching: returns those messages that pass the mapping's filters; the others are deleted
    """

    def __init__(
        self,
        queue: Queue,
        function: Function,
        settings: MappingSettings,
        slots: Slots,
        stop: threading.Event,
        matching: Callable[[list[Message]], list[Message]] = list,
    ) -> None:
        self._queue = queue
        self._function = function
        self._settings = settings
        self._slots = slots
        self._stop = stop
        self._matching = matching

    def run(self) -> None:
        """Work until stopped. Batches that run then end by themselves. Errors of the queue come out."""
        while not self._stop.is_set():
            if self._slots.acquire(_LONG_POLL_S):
                self._fill_slot()
            self._adapt()

    def _fill_slot(self) -> None:
        """Use the slot that is held for the next batch, or give it back."""
        started = False
        try:
            received_at = time.monotonic()
            messages = self._collect()
            for batch in batches_of(self._filtered(messages)):
                if started and not self._next_slot():
                    return  # stopped: what was not started becomes visible again
                self._start(batch, received_at)
                started = True
        finally:
            if not started:
                self._slots.release()

    def _adapt(self) -> None:
        if not self._queue.has_backlog():
            if not self._slots.busy:
                self._slots.settle()
        elif self._slots.busy >= self._slots.limit:
            self._slots.grow()

    def _collect(self) -> list[Message]:
        """Receive until the batch is full, its window has passed, or its payload is large enough."""
        size = self._settings.batch_size
        messages = self._queue.receive(size, _LONG_POLL_S)
        window_ends_at = time.monotonic() + self._settings.window_s
        while messages and len(messages) < size and not self._stop.is_set():
            left_s = window_ends_at - time.monotonic()
            if left_s <= 0 or _body_bytes(messages) >= PAYLOAD_LIMIT_BYTES:
                break
            messages += self._queue.receive(size - len(messages), min(left_s, _LONG_POLL_S))
        return messages

    def _filtered(self, messages: list[Message]) -> list[Message]:
        matching = self._matching(messages)
        if len(matching) < len(messages):
            wanted = {message.message_id for message in matching}
            self._queue.delete([message for message in messages if message.message_id not in wanted])
        return matching

    def _next_slot(self) -> bool:
        while not self._stop.is_set():
            if self._slots.acquire(_LONG_POLL_S):
                return True
        return False

    def _start(self, batch: Batch, received_at: float) -> None:
        threading.Thread(
            target=self._process, args=(batch, received_at), name="sqs-mapping-batch", daemon=True
        ).start()

    def _process(self, batch: Batch, received_at: float) -> None:
        try:
            answer = self._invoke(batch, received_at)
            if answer is None or answer.is_error:
                return  # AWS: the messages become visible again after the visibility timeout
            self._queue.delete(
                done_messages(batch, answer.payload, reports_failures=self._settings.reports_failures)
            )
        except (InvokeFailedError, BatchFailedError) as exc:
            LOG.warning("A batch of %d messages failed: %s", len(batch.messages), exc)
        except Exception:
            LOG.exception("A batch of %d messages failed in the mapping itself", len(batch.messages))
        finally:
            self._slots.release()

    def _invoke(self, batch: Batch, received_at: float) -> Answer | None:
        """Invoke; when throttled try the same batch again until its messages become visible (then None)."""
        delay_s = _FIRST_THROTTLE_DELAY_S
        while True:
            try:
                return self._function.invoke(batch.payload)
            except ThrottledError:
                self._slots.shrink()
            gives_up_at = received_at + self._queue.visibility_timeout_s()
            if time.monotonic() + delay_s >= gives_up_at or self._stop.wait(delay_s):
                return None
            delay_s = min(delay_s * 2, _LONGEST_THROTTLE_DELAY_S)


def _body_bytes(messages: list[Message]) -> int:
    return sum(len(str(message.event.get("body", ""))) for message in messages)
