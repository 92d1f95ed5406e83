"""What is in each queue, without a call of the SQS API. Looks at LocalStack's objects, imports nothing of it.

The age is that of the oldest message that is not deleted, be it visible, delayed or in a receiver's hands, as
in https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
A standard queue is a heap in the order of sending, so its first message is the oldest of those that wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from floodgate_localstack.sqs_counts import visible_messages


def described(queue: Any, now: float) -> dict[str, Any]:
    """Return `visible`, `in_flight`, `delayed`, `oldest_age_s` (null when empty), and `receives`, the highest
    receive count of those in flight.
    """
    with queue.mutex:
        in_flight = list(queue.inflight)
        delayed = list(queue.delayed)
        visible = visible_messages(queue)
        oldest = min((each.created for each in (*in_flight, *delayed, *_first_ones(queue))), default=None)
    return {
        "visible": visible,
        "in_flight": len(in_flight),
        "delayed": len(delayed),
        "oldest_age_s": None if oldest is None else round(max(0.0, now - oldest), 3),
        "receives": max((each.receive_count for each in in_flight), default=0),
    }


def _first_ones(queue: Any) -> Iterator[Any]:
    """Yield the message that each heap of the queue begins with."""
    groups = getattr(queue, "message_groups", None)
    messages = [queue.visible.queue] if groups is None else [group.messages for group in groups.values()]
    for heap in messages:
        # A standard queue is taken from without its mutex: the slice is one step, so it cannot fail.
        yield from heap[:1]
