"""Mappings gather messages for as long as `MaximumBatchingWindowInSeconds` says; MiniStack ignores it.

Without it a function that asked for large batches is invoked once for every few messages. Messages wait in
their queue here, and are received when the window has passed or a batch is full; on AWS the pollers hold
them.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""

from __future__ import annotations

import time
from importlib import import_module
from itertools import islice
from typing import Any

from floodgate_ministack.sqs_messages import LOCK, Queue

LARGEST_RECEIVE = 10
"""What a mapping without a window gets at most."""


def apply() -> None:
    """Take the place of what receives for mappings; after `sqs_backlog`."""
    sqs: Any = import_module("ministack.services.sqs")
    service: Any = import_module("ministack.services.lambda_svc")

    def receive(url: str, batch_size: int) -> list[dict[str, Any]]:
        with LOCK:
            queue: Queue = sqs._get_q(url)
            window_s = window_of(queue, list(service._esms.values()))
            at_most = int(batch_size or 1) if window_s else min(int(batch_size or 1), LARGEST_RECEIVE)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            if gathers(queue["messages"], at_most, window_s, time.time()):
                return []
            visibility_s = int(queue["attributes"].get("VisibilityTimeout", "30"))
            received: list[dict[str, Any]] = sqs._collect_msgs(queue, at_most, visibility_s)
            return received

    sqs._receive_messages_for_esm = receive


def window_of(queue: dict[str, Any], mappings: list[dict[str, Any]]) -> float:
    """Return the batching window of a queue's mapping in seconds; FIFO queues have none."""
    if queue["is_fifo"]:
        return 0.0
    arn = queue["attributes"]["QueueArn"]
    windows = [
        float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
        for mapping in mappings
        if mapping.get("EventSourceArn") == arn
    ]
    return max(windows, default=0.0)


def gathers(messages: list[dict[str, Any]], at_most: int, window_s: float, now: float) -> bool:
    """Tell whether a batch is still being gathered: neither full nor begun `window_s` ago."""
    visible = (message["visible_at"] for message in messages if message["visible_at"] <= now)
    since = list(islice(visible, at_most)) if window_s else []
    return 0 < len(since) < at_most and now - min(since) < window_s
