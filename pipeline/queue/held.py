"""The messages that a polling worker holds, and the heartbeat that keeps them hidden from others.

A message that is not deleted within the queue's visibility timeout is given to another worker. A file may
take longer than that, so a heartbeat sets the timeout anew, long before it ends, while the batch runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.queue import messages

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_BEATS_PER_TIMEOUT = 3

logger = Logger(child=True)


class HeldMessages:
    """Receipt handles of all running batches."""

    def __init__(self, sqs: SQSClient, queue_url: str, visibility_timeout_s: int) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._visibility_timeout_s = visibility_timeout_s
        self._batches: dict[int, Sequence[str]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def held(self, receipt_handles: Sequence[str]) -> Iterator[None]:
        """Keep messages hidden. On leaving, a beat that is under way has ended, so none comes after."""
        name = id(receipt_handles)
        with self._lock:
            self._batches[name] = receipt_handles
        try:
            yield
        finally:
            with self._lock:
                del self._batches[name]

    def beat(self) -> None:
        """Set the timeout of all held messages anew. Where it fails, the next beat is in time, too."""
        with self._lock:
            for receipt_handles in self._batches.values():
                try:
                    messages.hide(self._sqs, self._queue_url, receipt_handles, self._visibility_timeout_s)
                except (ClientError, BotoCoreError) as exc:
                    logger.warning("Heartbeat failed", exc_info=exc)

    def beat_until(self, ended: threading.Event) -> None:
        """Beat until the event is set."""
        while not ended.wait(self._visibility_timeout_s / _BEATS_PER_TIMEOUT):
            self.beat()
