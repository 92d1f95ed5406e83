"""What AWS writes into S3's events. Imports nothing of LocalStack.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (EventBridge) and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (SQS, SNS, Lambda).
"""

from __future__ import annotations

import threading
import time
from urllib.parse import quote_plus

_SEQUENCER_DIGITS = 18


class SequencerClock:
    """Hands out the `sequencer` of S3's events.

    Hexadecimal, always of one length, each greater than the one before, in this process and after a restart:
    it is the time in nanoseconds, pushed on where two fall together. AWS says to compare two sequencers of a
    key as strings, after padding the shorter one, and promises nothing across keys.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return f"{self._last:0{_SEQUENCER_DIGITS}X}"


def key_for_eventbridge(key: str) -> str:
    """The key as it stands in an EventBridge event: as it is, not encoded. The one place that decides it."""
    return key


def key_for_notification(key: str) -> str:
    """The key as it stands in S3's own notifications (SQS, SNS, Lambda): a space is `+`, slashes are kept."""
    return quote_plus(key, safe="/")


_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}


def reason_of(event_type: str) -> str:
    """The `reason` of an Object Created event for an event type such as `s3:ObjectCreated:Put`.

    :raises KeyError: S3 has no such way to create an object
    """
    return _REASONS[event_type.rsplit(":", 1)[-1]]
