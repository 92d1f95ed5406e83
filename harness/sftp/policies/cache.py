"""Keeps what was read from IAM and S3, so that an operation costs no call.

One reader per key: a thousand sessions of one role that begin together make one set of calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.sftp.policies.errors import PolicyError, UnavailableError

Value = TypeVar("Value")

STALE_S = 3600.0
"""How long a value is used when it cannot be read again. A session of a role that was assumed goes on for an
hour without IAM: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""
RETRY_S = 1.0
MAX_KEYS = 10_000


@dataclass
class _Entry(Generic[Value]):
    value: Value | PolicyError
    read_at: float
    fresh_until: float


class PolicyCache(Generic[Value]):
    """:param read: blocks; called in a thread. Raises `PolicyError`, which is kept as a value is
    :param now: seconds, monotonic
    """

    def __init__(self, read: Callable[[str], Value], *, ttl_s: float, now: Callable[[], float]) -> None:
        self._read = read
        self._ttl_s = ttl_s
        self._now = now
        self._entries: dict[str, _Entry[Value]] = {}
        self._reading: dict[str, asyncio.Task[_Entry[Value]]] = {}

    def peek(self, key: str) -> Value | None:
        """Return a fresh value without waiting; nothing where there is none, or an error."""
        entry = self._entries.get(key)
        if entry is None or self._now() >= entry.fresh_until or isinstance(entry.value, PolicyError):
            return None
        return entry.value

    async def get(self, key: str) -> Value:
        """Return the value, read again when it is too old.

        :raises PolicyError: it cannot be had
        """
        entry = self._entries.get(key)
        if entry is None or self._now() >= entry.fresh_until:
            entry = await self._read_once(key)
        if isinstance(entry.value, PolicyError):
            raise entry.value.with_traceback(None)
        return entry.value

    async def _read_once(self, key: str) -> _Entry[Value]:
        """Shielded: the one that asked first may go away while others wait."""
        task = self._reading.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._refresh(key))
            self._reading[key] = task
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(task)

    async def _refresh(self, key: str) -> _Entry[Value]:
        entry = await self._entry(key)
        self._entries.pop(key, None)
        while len(self._entries) >= MAX_KEYS:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry
        return entry

    async def _entry(self, key: str) -> _Entry[Value]:
        value: Value | PolicyError
        try:
            value = await asyncio.to_thread(self._read, key)
        except UnavailableError as exc:
            return self._stale(key, exc)
        except PolicyError as exc:
            value = exc
        now = self._now()
        return _Entry(value, now, now + self._ttl_s)

    def _stale(self, key: str, error: UnavailableError) -> _Entry[Value]:
        """Use the last answer for a while; ask again soon."""
        now, last = self._now(), self._entries.get(key)
        retry_at = now + min(RETRY_S, self._ttl_s)
        if last is None or now - last.read_at > STALE_S:
            return _Entry(error, now, retry_at)
        return _Entry(last.value, last.read_at, retry_at)
