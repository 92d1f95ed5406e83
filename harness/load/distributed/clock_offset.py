"""How far the master's clock is ahead of the worker's, by messages there and back.

As in NTP (https://datatracker.ietf.org/doc/html/rfc5905#section-8): the master's time lies somewhere between
sending and receiving, so half of the way there and back bounds the error, and the quickest exchange is the
best one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXCHANGES = 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer. Seconds since the epoch, `at` by the master's clock."""

    sent_at: float
    at: float
    received_at: float

    @property
    def offset_s(self) -> float:
        return self.at - (self.sent_at + self.received_at) / 2

    @property
    def error_s(self) -> float:
        return (self.received_at - self.sent_at) / 2


@dataclass(frozen=True, slots=True)
class Offset:
    """The master's clock is `ahead_s` ahead of ours, give or take `error_s`."""

    ahead_s: float
    error_s: float

    @property
    def correction_s(self) -> float:
        """What to add to our times: nothing when the difference may be one of measuring only."""
        return self.ahead_s if abs(self.ahead_s) > self.error_s else 0.0


def best(exchanges: Iterable[Exchange]) -> Offset:
    """Return what the quickest of the exchanges says; raises `ValueError` when there is none."""
    quickest = min(exchanges, key=lambda exchange: exchange.error_s)
    return Offset(quickest.offset_s, quickest.error_s)
