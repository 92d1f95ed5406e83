"""Answers what workers ask: the master's end of `messages.py`, without its sockets."""

from __future__ import annotations

import importlib.metadata
import logging
import time
from collections.abc import Callable
from typing import Any

from harness import clock
from harness.exceptions import DiskFullError
from harness.load.distributed import neighbours
from harness.load.distributed.members import Member, State
from harness.load.distributed.messages import PROTOCOL, Clock, Job, Join, Kept, Kind, Refused, Start, Stop

_LOG = logging.getLogger(__name__)
_NO_LEDGER = Refused(reason="its ledger cannot be written any more")
_LOST = Refused(reason="it was given up as lost")
Send = Callable[[Kind, Any, str], None]
"""Type and content of a message, and Locust's name of the worker."""


class Reception:
    """Who is there, and how far they are.

    :param job_of: makes the job for a part of the schedule
    :param expected: how many workers the run has
    """

    def __init__(self, send: Send, job_of: Callable[[int], Job], expected: int) -> None:
        self._send, self._job_of, self._expected = send, job_of, expected
        self.members: dict[str, Member] = {}
        self.starts_at: float | None = None
        """When offset 0 of the schedule is; `None` until all are ready."""
        self.stops, self.reason = 0, ""
        self.ledger_error: DiskFullError | OSError | None = None

    @property
    def ready(self) -> int:
        """Workers that wait for the start."""
        return sum(member.state is State.READY for member in self.members.values())

    def take(self, kind: Kind, client_id: str, data: Any) -> None:
        """Answer one message."""
        if kind is Kind.JOIN:
            self._join(client_id, data)
            return
        member = self.members.get(client_id)
        if member is None or member.state is State.LOST:
            # What a lost worker would say has been said in its place.
            self._send(Kind.REFUSED, _LOST, client_id)
            return
        member.heard_at = time.monotonic()
        self._answer(kind, member, data)

    def heard(self, client_id: str) -> None:
        """Note a sign of life; tell a worker that was lost that nobody counts on it any more."""
        member = self.members.get(client_id)
        if member is not None and member.state is not State.LOST:
            member.heard_at = time.monotonic()
        elif member is not None:
            self._send(Kind.REFUSED, _LOST, client_id)

    def forget_gone(self) -> None:
        """Before the start: have others do the parts of workers that came and went."""
        for client_id, member in list(self.members.items()):
            if member.failure is None and member.gone:
                _LOG.warning("worker %s on %s is gone before the start", member.pid, member.host)
                del self.members[client_id]

    def start(self, starts_at: float) -> None:
        """Have every worker begin."""
        self.starts_at = starts_at
        for client_id in self.members:
            self._send(Kind.START, Start(starts_at=starts_at), client_id)

    def stop(self, reason: str) -> None:
        """Have no more files offered; asked again, have running uploads cut off."""
        self.reason = self.reason or reason
        self.stops += 1
        for client_id in self.members:
            self._send(Kind.STOP, Stop(stops=self.stops, reason=self.reason), client_id)

    def _join(self, client_id: str, me: Join) -> None:
        known = self.members.get(client_id)
        if known is None:
            if reason := self._refusal(me):
                _LOG.warning("worker %s on %s refused: %s", me.get("pid"), me.get("host"), reason)
                self._send(Kind.REFUSED, Refused(reason=reason), client_id)
                return
            known = self.members[client_id] = self._new_member(client_id, me)
        self._send(Kind.JOB, self._job_of(known.shard), client_id)

    def _new_member(self, client_id: str, me: Join) -> Member:
        taken = {member.shard for member in self.members.values()}
        shard = min(set(range(self._expected)) - taken)
        space = me.get("pid_space")
        is_neighbour = bool(space) and space == neighbours.pid_space()
        return Member(client_id, shard, me["host"], me["pid"], is_neighbour)

    def _refusal(self, me: Join) -> str | None:
        ours = importlib.metadata.version("floodgate-harness")
        if (me["protocol"], me["version"]) != (PROTOCOL, ours):
            return f"it is Floodgate {me['version']}, the master is {ours}"
        if len(self.members) >= self._expected:
            return f"all {self._expected} workers of this run are there already"
        return None

    def _answer(self, kind: Kind, member: Member, data: Any) -> None:
        match kind:
            case Kind.CLOCK:
                self._send(kind, Clock(sent_at=data["sent_at"], at=clock.now()), member.client_id)
            case Kind.READY:
                self._ready(member)
            case Kind.FAILED:
                member.state, member.failure = State.FAILED, (data["exit_code"], data["message"])
            case Kind.LINES if member.inbox is not None:
                self._keep(member, data)
            case Kind.DONE if member.inbox is not None:
                member.state = State.DONE

    def _ready(self, member: Member) -> None:
        if self.starts_at is not None:  # the first word did not arrive
            self._send(Kind.START, Start(starts_at=self.starts_at), member.client_id)
        elif member.state is State.JOINED:
            member.state = State.READY

    def _keep(self, member: Member, parcel: Any) -> None:
        assert member.inbox is not None
        try:
            number = member.inbox.take(parcel)
        except (DiskFullError, OSError) as exc:
            self.ledger_error = self.ledger_error or exc
            if self.stops:  # there is no room for what its last uploads have to say either
                self._send(Kind.REFUSED, _NO_LEDGER, member.client_id)
            return
        self._send(Kind.KEPT, Kept(number=number, stops=self.stops, reason=self.reason), member.client_id)
