"""Connections that have not logged in: how many there may be, and which one goes when there are more.

A client that floods the port, or holds connections open without logging in, must not keep others out. So
nobody new is refused; the oldest waiting connection of the address that has the most of them is ended
instead. A client that logs in at the usual speed is through long before its turn comes. (OpenSSH's
`MaxStartups` refuses new ones at random: https://man.openbsd.org/sshd_config#MaxStartups. AWS publishes
nothing.)
"""

from __future__ import annotations

from collections.abc import Callable

End = Callable[[], None]


class Admission:
    """The waiting room of one process. Every operation takes the same time, however many wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[str, dict[object, End]] = {}
        self._by_count: dict[int, dict[str, None]] = {}
        self._most = 0
        self._count = 0
        self.turned_away = 0

    def __len__(self) -> int:
        return self._count

    def enter(self, connection: object, address: str, end: End) -> None:
        """A connection was accepted. `end` may be called now for another one."""
        self._recount(address, 1)
        self._waiting.setdefault(address, {})[connection] = end
        if self._count > self._limit:
            self._turn_one_away()

    def leave(self, connection: object, address: str) -> None:
        """It has logged in, or is gone."""
        of_address = self._waiting.get(address, {})
        if of_address.pop(connection, None) is None:
            return
        self._recount(address, -1)
        if not of_address:
            del self._waiting[address]

    def _turn_one_away(self) -> None:
        address = next(iter(self._by_count[self._most]))
        oldest, end = next(iter(self._waiting[address].items()))
        self.leave(oldest, address)
        self.turned_away += 1
        end()

    def _recount(self, address: str, change: int) -> None:
        """Keep the addresses by how many connections of each wait, and the highest such number."""
        before = len(self._waiting.get(address, {}))
        before += change < 0
        self._count += change
        self._move(address, before, before + change)
        if change > 0:
            self._most = max(self._most, before + change)
        elif before == self._most and before not in self._by_count:
            self._most = before - 1

    def _move(self, address: str, before: int, after: int) -> None:
        if before:
            group = self._by_count[before]
            del group[address]
            if not group:
                del self._by_count[before]
        if after:
            self._by_count.setdefault(after, {})[address] = None
