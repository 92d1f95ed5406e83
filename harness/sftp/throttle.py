"""Slows down whoever guesses. AWS publishes no rule, so this one is ours.

A failed login takes a token from the bucket of its (user, source) pair and one from the bucket of its source;
while a bucket is empty, attempts are answered as wrong without asking the identity provider. Buckets fill
again by themselves, at the same speed whether attempts go on or not, so a guesser cannot lock a user out for
longer.

- A pair has 10 tokens and gets one back every 6 s; a login that succeeds fills its bucket.
- A source has 100 and gets one back every second. Pairs that have logged in before are not held to it, so one
  broken client behind an address that many share does not shut the others out.
- A wrong password counts once; refused keys count once for a connection that ends without a login. A key
  cannot be guessed, and an agent offers several before the right one.

Attempts that are under way at once are all asked before the first one has failed; the limit of connections
bounds them. Memory is bounded: the entries that were used longest ago go first.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

_V = TypeVar("_V")

IPV6_NETWORK_BITS = 64
"""One customer line has at least so large a network, and could use a new address for each attempt."""


@dataclass(frozen=True)
class Limit:
    """`tokens` failures at once, then one for every `refill_s` seconds."""

    tokens: int
    refill_s: float


PER_PAIR = Limit(10, 6.0)
PER_SOURCE = Limit(100, 1.0)
MAX_ENTRIES = 10_000


class FailureThrottle:
    """Counts failed logins.

    :param clock: seconds; only differences matter
    :param max_entries: for each of pairs, sources and known pairs
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        per_pair: Limit = PER_PAIR,
        per_source: Limit = PER_SOURCE,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._pairs = _Buckets(per_pair, clock, max_entries)
        self._sources = _Buckets(per_source, clock, max_entries)
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        self._max_entries = max_entries

    def refuses(self, user_name: str, source_ip: str) -> bool:
        """Tell whether an attempt must be answered without asking."""
        source = _source(source_ip)
        pair = (user_name, source)
        if self._pairs.is_empty(pair):
            return True
        return pair not in self._known and self._sources.is_empty(source)

    def failed(self, user_name: str, source_ip: str) -> None:
        source = _source(source_ip)
        self._pairs.take((user_name, source))
        self._sources.take(source)

    def succeeded(self, user_name: str, source_ip: str) -> None:
        pair = (user_name, _source(source_ip))
        self._pairs.fill(pair)
        _remember(self._known, pair, None, self._max_entries)


class _Buckets:
    """A bucket is kept as the time at which it will be full again; who is not here has a full one."""

    def __init__(self, limit: Limit, clock: Callable[[], float], max_entries: int) -> None:
        self._limit = limit
        self._clock = clock
        self._max_entries = max_entries
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def is_empty(self, owner: Hashable) -> bool:
        missing_s = self._full_at.get(owner, 0.0) - self._clock()
        return missing_s > (self._limit.tokens - 1) * self._limit.refill_s

    def take(self, owner: Hashable) -> None:
        now = self._clock()
        full_at = max(self._full_at.get(owner, now), now) + self._limit.refill_s
        latest = now + self._limit.tokens * self._limit.refill_s
        _remember(self._full_at, owner, min(full_at, latest), self._max_entries)

    def fill(self, owner: Hashable) -> None:
        self._full_at.pop(owner, None)


def _remember(entries: OrderedDict[Hashable, _V], owner: Hashable, value: _V, max_entries: int) -> None:
    entries[owner] = value
    entries.move_to_end(owner)
    while len(entries) > max_entries:
        entries.popitem(last=False)


def _source(ip: str) -> str:
    """Return the address, or its network where one client has a whole network."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), IPV6_NETWORK_BITS), strict=False).network_address)
    return str(address)
