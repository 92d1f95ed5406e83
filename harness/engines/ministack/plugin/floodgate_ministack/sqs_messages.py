"""No message is lost between MiniStack's threads.

Its queues are plain lists. Whoever removes messages puts another list in the place of the old one, while the
threads that deliver events append to what they have just looked up: a message that is appended in between is
gone. Here a list that was replaced hands on what is still appended to it, and replacing takes a lock.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

LOCK = threading.RLock()
"""Held while messages are added and removed, and never while something is waited for."""
_REMOVING = (
    "_act_delete_message",
    "_act_delete_message_batch",
    "_expire_retained",
    "_dlq_sweep",
    "_collect_msgs",
)


class Messages(list[dict[str, Any]]):
    """The messages of a queue.

    :param complete: gives a message the fields that MiniStack's deliveries leave out
    """

    def __init__(
        self, queue: Queue, content: Iterable[dict[str, Any]], complete: Callable[[dict[str, Any]], None]
    ) -> None:
        super().__init__(content)
        self.queue = queue
        self.complete = complete

    def append(self, message: dict[str, Any]) -> None:
        """Add a message to the queue, also where this list is no longer the queue's."""
        self.complete(message)
        with LOCK:
            list.append(self.queue["messages"], message)


class Queue(dict[str, Any]):
    """MiniStack's record of a queue; whatever becomes its messages is `Messages`."""

    complete: Callable[[dict[str, Any]], None]

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, Messages(self, value, self.complete) if key == "messages" else value)


def queue_of(record: dict[str, Any], complete: Callable[[dict[str, Any]], None]) -> Queue:
    """Return a record as a `Queue`; one that is one is returned as it is."""
    if isinstance(record, Queue):
        return record
    queue = Queue(record)
    queue.complete = complete
    queue["messages"] = record["messages"]
    return queue


def apply() -> None:
    """Make every new queue one of ours, and have all that removes messages hold the lock."""
    sqs: Any = import_module("ministack.services.sqs")
    by_scope: Any = type(sqs._queues)

    class Queues(by_scope):
        __slots__ = ()  # the instance that all modules have becomes one of these

        def __setitem__(self, url: str, record: dict[str, Any]) -> None:
            super().__setitem__(url, queue_of(record, sqs._ensure_msg_fields))

    sqs._queues.__class__ = Queues
    sqs._queues_lock = LOCK
    for name in _REMOVING:
        setattr(sqs, name, _locked(getattr(sqs, name)))
    sqs._HANDLERS.update(
        DeleteMessage=sqs._act_delete_message, DeleteMessageBatch=sqs._act_delete_message_batch
    )


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return operation(*args, **kwargs)

    return alone
