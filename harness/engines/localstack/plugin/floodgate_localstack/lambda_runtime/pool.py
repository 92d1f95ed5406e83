"""Keeps warm environments and decides who gets one, who starts one, who waits and who is refused.

Terms: a *group* is all environments of one function version. A *start* is a cold start; it costs about half a
second of CPU, so few run at once. An invocation that finds nothing idle starts an environment only when the
group has none, or when its waiting has added up to what a start costs (the ski-rental rule: never more than
twice the best possible). Until then it takes an environment that becomes free. Where there is no room for
another one, only an environment that nobody has needed for a while makes room: functions that take turns
would otherwise end each other's environments and spend the processor on starts.

Knows nothing of LocalStack; members are anything with `is_alive` and `stop`.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

SLOW_START_S = 3.0
LONGEST_WAIT_S = 0.5
SHORTEST_WAIT_S = 0.005
UNNEEDED_AFTER_S = 2.0


class PoolFullError(Exception):
    """As many invocations run, start or wait as there may be environments."""


class Member(Protocol):
    """What the pool asks of an environment."""

    def is_alive(self) -> bool:
        """Whether it can take an invocation."""

    def stop(self) -> None:
        """End it, also while it runs an invocation."""


M = TypeVar("M", bound=Member)


@dataclass(eq=False)
class Waiter:
    """An invocation in `take`.

    `since_s` is when its waiting was last accounted for. `changed` is its own, on the pool's lock: only the
    first of a group is woken, so that hundreds can wait without waking each other.
    """

    since_s: float
    changed: threading.Condition


@dataclass(eq=False)
class Group(Generic[M]):
    """The environments of one function version. `init_s` is how long the last start took, if any."""

    idle: list[tuple[M, float]] = field(default_factory=list)
    busy: list[M] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    waiters: deque[Waiter] = field(default_factory=deque)
    init_s: float | None = None
    waited_s: float = 0.0
    killed: bool = False

    @property
    def in_use(self) -> int:
        """Invocations that run, start or wait."""
        return len(self.busy) + len(self.starts) + len(self.waiters)

    @property
    def processes(self) -> int:
        """Environments that exist or are being started."""
        return len(self.idle) + len(self.busy) + len(self.starts)

    def members(self) -> list[M]:
        """Environments that exist, idle and busy."""
        return [*(member for member, _ in self.idle), *self.busy]

    def waiting_s(self, now_s: float) -> float:
        """Waiting since the last start, over all invocations of the group."""
        return self.waited_s + sum(now_s - waiter.since_s for waiter in self.waiters)

    def forget_waiting(self, now_s: float) -> None:
        """Begin to add up anew."""
        self.waited_s = 0.0
        for waiter in self.waiters:
            waiter.since_s = now_s


@dataclass
class Turn(Generic[M]):
    """What came of waiting: an idle `member`, or else leave to start one since `began_s`.

    `victims` are to be stopped first: they have died or make room.
    """

    member: M | None
    victims: list[M]
    began_s: float = 0.0


class Pool(Generic[M]):
    """Environments of all functions, at most `limit` at once, at most `starts_at_once` of them starting.

    A start that takes longer than SLOW_START_S waits for something rather than using the processor, and no
    longer counts: one function whose init hangs does not keep the others from starting.

    :param waiting: invocations that may wait above `limit` before one is refused
    """

    def __init__(
        self,
        limit: int,
        starts_at_once: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        waiting: int = 0,
    ) -> None:
        self._limit = limit
        self._waiting = waiting
        self._starts_at_once = starts_at_once
        self._clock = clock
        self._groups: dict[Hashable, Group[M]] = {}
        self._dropped: list[Group[M]] = []
        self._stopped = False
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    @contextlib.contextmanager
    def lease(self, key: Hashable, start: Callable[[], M]) -> Iterator[M]:
        """An environment of group `key` for one invocation; `start` makes one where that is needed.

        The environment is kept for later unless it is no longer alive or its group was dropped. Raises
        PoolFullError, and whatever `start` raises.
        """
        group, member = self._take(key, start)
        try:
            yield member
        finally:
            self._give_back(key, group, member)

    def warm(self, key: Hashable, start: Callable[[], M], wanted: Callable[[], int]) -> None:
        """Start an idle environment if the group has fewer than `wanted()` and none has to make room for it.

        Waits for its turn to start; one that cannot take an invocation after all is stopped at once. Raises
        whatever `start` raises.

        :param wanted: asked under the pool's lock, so it must be quick; below one leaves the group unmade
        """
        with self._lock:
            while self._is_wanted(key, wanted) and not self._has_turn(self._clock()):
                self._changed.wait(LONGEST_WAIT_S)
            if not self._is_wanted(key, wanted):
                return
            group = self._groups.setdefault(key, Group())
            began_s = self._account_for_start(group)
        member = self._start(group, began_s, start)
        self._give_back(key, group, member)

    def drop(self, key: Hashable, *, stop_busy: bool) -> None:
        """Forget the group and stop its environments; those that run an invocation now or at its end."""
        with self._lock:
            group = self._groups.pop(key, None)
            if group is None:
                return
            victims = [member for member, _ in group.idle]
            group.idle.clear()
            if group.in_use:
                self._dropped.append(group)
            if stop_busy:
                group.killed = True
                victims += group.busy
        _stop_all(victims)

    def stop_idle(self, longer_than_s: float) -> None:
        """Stop environments that nobody has used for that long, and those that have died."""
        with self._lock:
            now_s = self._clock()
            victims = []
            for group in self._groups.values():
                kept = []
                for member, since_s in group.idle:
                    keep = now_s - since_s < longer_than_s and member.is_alive()
                    kept.append((member, since_s)) if keep else victims.append(member)
                group.idle[:] = kept
        _stop_all(victims)

    def stop(self) -> None:
        """Stop everything, invocations in progress included."""
        with self._lock:
            self._stopped = True
            groups = self._all_groups()
            members = [member for group in groups for member in group.members()]
            for group in groups:
                group.killed = True
                group.idle.clear()
            self._groups.clear()
            self._changed.notify_all()
        _stop_all(members)

    def size(self, key: Hashable) -> int:
        """Environments of one group, including those that are being started."""
        with self._lock:
            group = self._groups.get(key)
            return group.processes if group else 0

    def counts(self) -> dict[str, int]:
        """Environments of all groups: how many are `starting`, `idle` and `busy`."""
        with self._lock:
            groups = self._all_groups()
            return {
                "starting": sum(len(group.starts) for group in groups),
                "idle": sum(len(group.idle) for group in groups),
                "busy": sum(len(group.busy) for group in groups),
            }

    # -- taking -------------------------------------------------------------------------------------

    def _take(self, key: Hashable, start: Callable[[], M]) -> tuple[Group[M], M]:
        with self._lock:
            group = self._groups.setdefault(key, Group())
            if sum(each.in_use for each in self._all_groups()) >= self._limit + self._waiting:
                raise PoolFullError
            turn = self._wait_for_turn(group)
        _stop_all(turn.victims)
        return group, turn.member if turn.member is not None else self._start(group, turn.began_s, start)

    def _all_groups(self) -> list[Group[M]]:
        return [*self._groups.values(), *self._dropped]

    def _wait_for_turn(self, group: Group[M]) -> Turn[M]:
        waiter = Waiter(self._clock(), threading.Condition(self._lock))
        victims: list[M] = []
        group.waiters.append(waiter)
        try:
            while True:
                while group.waiters[0] is not waiter:
                    waiter.changed.wait()
                member = self._idle_member(group, victims)
                if member is not None:
                    group.waited_s += self._clock() - waiter.since_s
                    group.busy.append(member)
                    return Turn(member, victims)
                if self._may_start(group):
                    began_s = self._account_for_start(group)
                    return Turn(None, victims + self._make_room(), began_s)
                waiter.changed.wait(self._patience_s(group))
        finally:
            group.waiters.remove(waiter)
            self._wake()

    def _wake(self) -> None:
        """Let the first one that waits in each group look again, and those who start ahead of time."""
        self._changed.notify_all()
        for group in self._all_groups():
            if group.waiters:
                group.waiters[0].changed.notify()

    def _idle_member(self, group: Group[M], victims: list[M]) -> M | None:
        """The member used last, so that those not needed age; dead ones are sorted out."""
        while group.idle:
            member, _ = group.idle.pop()
            if member.is_alive():
                return member
            victims.append(member)
        return None

    # -- starting -----------------------------------------------------------------------------------

    def _may_start(self, group: Group[M]) -> bool:
        now_s = self._clock()
        if not self._has_turn(now_s):
            return False
        if not self._has_room(now_s, of_any_age=group.processes == 0):
            return False
        if group.processes == 0 or group.init_s is None:
            return True
        return group.waiting_s(now_s) >= group.init_s

    def _has_turn(self, now_s: float) -> bool:
        """Whether fewer start now than may at once."""
        starts = [began_s for each in self._all_groups() for began_s in each.starts]
        return sum(now_s - began_s < SLOW_START_S for began_s in starts) < self._starts_at_once

    def _is_wanted(self, key: Hashable, wanted: Callable[[], int]) -> bool:
        """Whether an environment that nobody has asked for yet may be started."""
        if self._stopped or sum(each.processes for each in self._all_groups()) >= self._limit:
            return False
        group = self._groups.get(key)
        return (group.processes if group else 0) < wanted()

    def _has_room(self, now_s: float, *, of_any_age: bool) -> bool:
        """Whether one more fits in, or an idle one can go: for a group that has none, whoever is idle."""
        if sum(each.processes for each in self._all_groups()) < self._limit:
            return True
        age_s = 0.0 if of_any_age else UNNEEDED_AFTER_S
        return any(now_s - since_s >= age_s for each in self._groups.values() for _, since_s in each.idle)

    def _patience_s(self, group: Group[M]) -> float:
        """How long nothing changes by itself: until the waiting adds up, or at most a moment."""
        if group.init_s is None:
            return LONGEST_WAIT_S
        missing_s = (group.init_s - group.waiting_s(self._clock())) / max(1, len(group.waiters))
        # Below zero the waiting is long enough and a start has to end first, which wakes us.
        return min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, missing_s)) if missing_s > 0 else LONGEST_WAIT_S

    def _account_for_start(self, group: Group[M]) -> float:
        began_s = self._clock()
        group.starts.append(began_s)
        group.forget_waiting(began_s)
        return began_s

    def _make_room(self) -> list[M]:
        """Take out the idle members, of any group, that were used longest ago and are one too many."""
        excess = sum(each.processes for each in self._all_groups()) - self._limit
        idle = [(since_s, each, member) for each in self._groups.values() for member, since_s in each.idle]
        oldest_first = sorted(idle, key=lambda entry: entry[0])
        victims = []
        for since_s, each, member in oldest_first[: max(0, excess)]:
            each.idle.remove((member, since_s))
            victims.append(member)
        return victims

    def _start(self, group: Group[M], began_s: float, start: Callable[[], M]) -> M:
        try:
            member = start()
        except BaseException:
            with self._lock:
                group.starts.remove(began_s)
                self._forget_if_done(group)
                self._wake()
            raise
        with self._lock:
            group.starts.remove(began_s)
            now_s = self._clock()
            group.init_s = now_s - began_s
            # Help was on its way: what was waited for it is no reason to start yet another one.
            group.forget_waiting(now_s)
            group.busy.append(member)
            killed = group.killed
            self._wake()
        if killed:
            member.stop()
        return member

    def _give_back(self, key: Hashable, group: Group[M], member: M) -> None:
        alive = member.is_alive()
        with self._lock:
            group.busy.remove(member)
            keep = alive and self._groups.get(key) is group and not self._is_needed_elsewhere(group)
            if keep:
                group.idle.append((member, self._clock()))
            self._forget_if_done(group)
            self._wake()
        if not keep:
            member.stop()

    def _is_needed_elsewhere(self, group: Group[M]) -> bool:
        """Whether a group that has no environment at all waits for the room of the one given back."""
        others = sum(each.processes for each in self._all_groups())
        if others + 1 < self._limit:
            return False
        return any(
            each.waiters and each.processes == 0 for each in self._groups.values() if each is not group
        )

    def _forget_if_done(self, group: Group[M]) -> None:
        """A dropped group counts until its last invocation has ended."""
        if not group.in_use:
            self._dropped[:] = [each for each in self._dropped if each is not group]


def _stop_all(members: list[M]) -> None:
    for member in members:
        member.stop()
