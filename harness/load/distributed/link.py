"""The worker's end of the talk with its master."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.event import Event as Flag
from locust.exception import RPCError
from locust.runners import WorkerRunner

from harness import clock
from harness.exceptions import EnvironmentNotReadyError, FloodgateError
from harness.load.distributed import clock_offset, neighbours
from harness.load.distributed.clock_offset import Exchange, Offset
from harness.load.distributed.messages import PROTOCOL, Clock, Failed, Job, Join, Kind, Lines

_ASK_AGAIN_S = 1.0
SILENT_S = 20.0
"""A master that sends no heartbeat for so long is gone."""


class RefusedError(EnvironmentNotReadyError):
    """The master does not want this worker."""


class StoppedError(Exception):
    """Somebody ended the worker before its master had anything to do for it."""


class MasterLink:
    """Asks the master, and asks again.

    :param on_kept: told the number of the last parcel that is in the master's file
    :param on_stop: told how often the worker was told to stop by now, and why
    :param on_refused: told that the master will take nothing more
    """

    def __init__(
        self,
        runner: WorkerRunner,
        on_kept: Callable[[int], None],
        on_stop: Callable[[int, str], None],
        on_refused: Callable[[RefusedError], None],
    ) -> None:
        self._runner, self._on_kept, self._on_stop = runner, on_kept, on_stop
        self._on_refused = on_refused
        self._answers = {kind: AsyncResult() for kind in (Kind.JOB, Kind.CLOCK, Kind.START)}
        self.stopping = Flag()
        for kind, listener in (
            (Kind.JOB, self._answered),
            (Kind.CLOCK, self._answered),
            (Kind.START, self._answered),
            (Kind.REFUSED, self._refused),
            (Kind.KEPT, self._kept),
            (Kind.STOP, self._stop),
        ):
            runner.register_message(kind.value, listener)

    def join(self, wait_s: float) -> Job:
        """Return the job.

        :raises RefusedError: the master does not want this worker, and says why
        :raises EnvironmentNotReadyError: it says nothing
        """
        me = Join(
            protocol=PROTOCOL,
            version=importlib.metadata.version("floodgate-harness"),
            host=socket.gethostname(),
            pid=os.getpid(),
            pid_space=neighbours.pid_space(),
        )
        job: Job = self._ask(Kind.JOIN, me, Kind.JOB, wait_s)
        return job

    def measure_clock(self, wait_s: float) -> Offset:
        """Return how far the master's clock is ahead; raises as `join`."""
        return clock_offset.best(self._exchanges(wait_s))

    def wait_for_start(self) -> float:
        """Say that all is ready; return when offset 0 of the schedule is, however long that takes."""
        starts_at: float = self._ask(Kind.READY, {}, Kind.START, None)["starts_at"]
        return starts_at

    def send_lines(self, parcel: Lines) -> None:
        """Bring a parcel on its way; it may be lost."""
        self._send(Kind.LINES, parcel)

    def fail(self, error: FloodgateError) -> None:
        """Tell why the job cannot be done."""
        self._send(Kind.FAILED, Failed(exit_code=int(error.exit_code), message=error.message))

    def say_goodbye(self, wait_s: float) -> None:
        """Say that all is done until the master lets this worker go, as long as it wants the others' end."""
        gone_at = time.monotonic() + wait_s
        while self._runner.greenlet:
            self._send(Kind.DONE, {})
            self._runner.greenlet.join(timeout=_ASK_AGAIN_S)
            if self.stopping.is_set():  # our own user does not wait for the others; the ledger is there
                return
            if not self.master_is_silent():
                gone_at = time.monotonic() + wait_s
            elif time.monotonic() > gone_at:
                return

    def master_is_silent(self) -> bool:
        """Tell whether the master has sent no heartbeat for long."""
        heard_at = self._runner.last_heartbeat_timestamp
        return heard_at is not None and time.time() - heard_at > SILENT_S

    def _exchanges(self, wait_s: float) -> Iterator[Exchange]:
        for _ in range(clock_offset.EXCHANGES):
            self._answers[Kind.CLOCK] = AsyncResult()
            answer: Clock = self._ask(Kind.CLOCK, None, Kind.CLOCK, wait_s)
            yield Exchange(answer["sent_at"], answer["at"], clock.now())

    def _ask(self, kind: Kind, data: Any, answer: Kind, wait_s: float | None) -> Any:
        deadline = None if wait_s is None else time.monotonic() + wait_s
        while not self._answers[answer].ready():
            if self.stopping.is_set():
                raise StoppedError
            if not self._runner.greenlet:
                raise EnvironmentNotReadyError("the master has ended before the load began")
            silent = self.master_is_silent() or (deadline is not None and time.monotonic() > deadline)
            if silent:
                raise EnvironmentNotReadyError(f"the master does not answer to {kind.value}")
            self._send(kind, Clock(sent_at=clock.now()) if kind is Kind.CLOCK else data)
            gevent.wait([self._answers[answer], self.stopping], timeout=_ASK_AGAIN_S, count=1)
        return self._answers[answer].get()

    def _send(self, kind: Kind, data: Any) -> None:
        with contextlib.suppress(RPCError):  # everything that matters is sent again until it is answered
            self._runner.send_message(kind.value, data)

    def _answered(self, environment: object, msg: Any) -> None:  # noqa: ARG002  (Locust's signature)
        answer = self._answers[Kind(msg.type)]
        if not answer.ready():
            answer.set(msg.data)

    def _refused(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        error = RefusedError(f"the master refuses this worker: {msg.data['reason']}")
        for answer in self._answers.values():
            answer.set_exception(error)
        self._on_refused(error)

    def _kept(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self._on_kept(msg.data["number"])
        self._on_stop(msg.data["stops"], msg.data["reason"])

    def _stop(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self._on_stop(msg.data["stops"], msg.data["reason"])
