"""No message is lost between MiniStack's threads.

Its queues are plain lists. Whoever removes messages puts another list in the place of the old one, while the
threads that deliver events append to what they have just looked up: a message that is appended in between is
gone. Here a list that was replaced hands on what is still appended to it, and replacing takes a lock.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Collection, Iterable
from importlib import import_module
from itertools import islice
from typing import Any

LOCK = threading.RLock()
"""Held while messages are added and removed, and never while something is waited for."""
_ALONE = (
    "_act_change_visibility",
    "_act_change_visibility_batch",
    "_act_delete_message",
    "_act_delete_message_batch",
    "_act_purge_queue",
    "_expire_retained",
    "_dlq_sweep",
    "_collect_msgs",
)
"""What removes messages, or tells by its receipt handle whether somebody still has one."""


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
    expired_at = float("-inf")
    """When it was last looked through for messages that are too old, by the monotonic clock."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, Messages(self, value, self.complete) if key == "messages" else value)

    def take_out(self, is_meant: Callable[[dict[str, Any]], bool], at_most: int) -> list[dict[str, Any]]:
        """Remove and return the first messages that are meant, looking no further than the last of them.

        The list is replaced and not changed: others may be going through it.
        """
        with LOCK:
            meant = (index for index, message in enumerate(self["messages"]) if is_meant(message))
            found = list(islice(meant, at_most))
            if not found:
                return []
            left = Messages(self, self["messages"], self.complete)
            taken = [left.pop(index) for index in reversed(found)]
            super().__setitem__("messages", left)
            return taken[::-1]

    def delete(self, receipt_handles: Collection[str]) -> list[str]:
        """Remove the messages that were last received with one of the handles; return those handles."""
        wanted = frozenset(receipt_handles)
        taken = self.take_out(lambda message: message["receipt_handle"] in wanted, len(wanted))
        return [message["receipt_handle"] for message in taken]


def queue_of(record: dict[str, Any], complete: Callable[[dict[str, Any]], None]) -> Queue:
    """Return a record as a `Queue`; one that is one is returned as it is."""
    if isinstance(record, Queue):
        return record
    queue = Queue(record)
    queue.complete = complete
    queue["messages"] = record["messages"]
    return queue


def apply() -> None:
    """Make every new queue one of ours, and have what must be alone hold the lock."""
    sqs: Any = import_module("ministack.services.sqs")
    by_scope: Any = type(sqs._queues)

    class Queues(by_scope):
        __slots__ = ()  # the instance that all modules have becomes one of these

        def __setitem__(self, url: str, record: dict[str, Any]) -> None:
            super().__setitem__(url, queue_of(record, sqs._ensure_msg_fields))

    sqs._queues.__class__ = Queues
    sqs._queues_lock = LOCK
    for name in _ALONE:
        replace(sqs, name, _locked(getattr(sqs, name)))


def replace(sqs: Any, name: str, operation: Callable[..., Any]) -> None:
    """Replace one of the module's functions by name, also where it answers an operation of the API."""
    original = getattr(sqs, name)
    setattr(sqs, name, operation)
    for action, handler in list(sqs._HANDLERS.items()):
        if handler is original:
            sqs._HANDLERS[action] = operation


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return operation(*args, **kwargs)

    return alone
