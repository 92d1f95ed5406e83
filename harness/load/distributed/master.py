"""The process that divides a load among workers and brings their ledgers together.

It ends when every worker has delivered its whole ledger or is lost; what a lost worker leaves open is written
down in its place. `master.json` beside the ledger tells where the master listens and who is there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from itertools import islice
from typing import Any

import gevent
import zmq
from gevent.event import Event as Flag
from locust.env import Environment
from locust.exception import RPCError
from locust.runners import MasterRunner

from harness import clock
from harness.exceptions import DiskFullError, EnvironmentNotReadyError, PortInUseError, UsageError
from harness.exit_codes import ExitCode
from harness.files import replace_json
from harness.load.beside_ledger import MASTER_FILE
from harness.load.catalogue import Scenario
from harness.load.config import LoadConfig, MasterConfig
from harness.load.distributed.job import files_of, job_for
from harness.load.distributed.lost import last_words
from harness.load.distributed.members import Member, State
from harness.load.distributed.messages import Kind
from harness.load.distributed.reception import Reception
from harness.load.distributed.security import secure_sockets
from harness.load.distributed.shipping import Inbox
from harness.load.distributed.token import TOKEN_ENV, token_of_environment
from harness.load.ledger_format import EndReason, file_name
from harness.load.ledger_writer import LedgerWriter
from harness.load.plan import Plan
from harness.load.workload import Workload

_HEAD_START_S = 0.5
"""Between the last preparation and offset 0: the word has to reach all workers."""
_LOOK_S = 0.1
_BREATH_LINES = 500
"""Last words that are written between two looks at the messages."""


class Master:
    """The master of one run; made once per process.

    :raises UsageError: there is no token, or a file for the workers cannot be read
    :raises PortInUseError: somebody listens there already
    """

    def __init__(
        self,
        config: LoadConfig,
        place: MasterConfig,
        scenario: Scenario,
        workload: Workload,
        environment: Environment,
    ) -> None:
        self._config, self._place, self._workload = config, place, workload
        self._environment = environment
        self._parent = os.getppid()
        self._stopping = Flag()
        self._stopped_at = float("inf")
        self._announced: dict[str, Any] = {}
        files = files_of(config, scenario.path, workload)
        secure_sockets(token_of_environment())
        self._runner = _listening(environment, place)
        self._reception = Reception(
            self._send,
            lambda shard: job_for(config, scenario.path, workload, files, shard, place.workers),
            place.workers,
        )
        self._listen()

    def execute(self) -> None:
        """Run to the end.

        :raises EnvironmentNotReadyError: not all workers came
        :raises UsageError: a worker cannot do its job
        :raises DiskFullError, OSError: the ledger could not be written
        """
        environment = self._environment
        environment.events.init.fire(environment=environment, runner=self._runner, web_ui=environment.web_ui)
        try:
            self._gather()
            if not self._stopping.is_set():
                self._start()
                self._see_through()
        finally:
            environment.events.quitting.fire(environment=environment, reverse=True)
            self._announce()
        self._close()

    def stop(self, reason: EndReason) -> None:
        """Have no more files offered; asked again, do not wait for running uploads either."""
        self._stopped_at = min(self._stopped_at, clock.now())
        self._stopping.set()
        self._reception.stop(reason)

    def _listen(self) -> None:
        for kind in (Kind.JOIN, Kind.CLOCK, Kind.READY, Kind.FAILED, Kind.LINES, Kind.DONE):
            self._runner.register_message(kind.value, self._heard)
        self._environment.events.heartbeat_sent.add_listener(
            lambda client_id, **_kwargs: self._reception.heard(client_id)
        )

    def _heard(self, environment: object, msg: Any) -> None:  # noqa: ARG002  (Locust's signature)
        self._reception.take(Kind(msg.type), msg.node_id, msg.data)

    def _send(self, kind: Kind, data: Any, client_id: str) -> None:
        with contextlib.suppress(RPCError):  # the worker asks again
            self._runner.send_message(kind.value, data, client_id)

    def _gather(self) -> None:
        """Wait until every worker is ready."""
        expected, deadline = self._place.workers, time.monotonic() + self._place.wait_s
        while not self._stopping.is_set() and self._reception.ready < expected:
            self._reception.forget_gone()
            self._announce()
            self._raise_failures()
            if time.monotonic() > deadline:
                raise EnvironmentNotReadyError(
                    f"{self._reception.ready} of {expected} load workers were ready within "
                    f"{self._place.wait_s:.0f} s",
                    hint=f"a worker needs the master's address and the same {TOKEN_ENV}",
                )
            self._look_after_parent()
            self._stopping.wait(_LOOK_S)

    def _start(self) -> None:
        for member in self._reception.members.values():
            member.inbox = Inbox(LedgerWriter(self._config.ledger_dir / file_name(member.name)))
            member.state = State.RUNNING
        self._runner.stats.clear_all()
        self._environment.events.test_start.fire(environment=self._environment)
        self._reception.start(clock.now() + _HEAD_START_S)
        self._announce()

    def _see_through(self) -> None:
        """Return when nothing more is to come from anybody."""
        members = self._reception.members.values()
        while not all(member.over for member in members):
            for member in members:
                if not member.over and member.gone:
                    self._give_up(member)
            if self._reception.ledger_error and not self._stopping.is_set():
                self.stop("ledger_failed")
            self._look_after_parent()
            gevent.sleep(_LOOK_S)
        for member in members:
            # Nothing can be added to a ledger that ends in half a line.
            if member.state is State.LOST and self._reception.ledger_error is None:
                self._speak_for(member)

    @property
    def _went_to_its_end(self) -> bool:
        """Somebody was there to the last; otherwise the run was over when the last worker was lost."""
        return any(member.state is State.DONE for member in self._reception.members.values())

    def _give_up(self, member: Member) -> None:
        member.state = State.LOST
        self._announce()

    def _speak_for(self, member: Member) -> None:
        """Write down in a lost worker's place what it left open: at the end, which nobody knows before."""
        starts_at = self._reception.starts_at
        assert member.inbox is not None
        assert starts_at is not None
        config, ledger = self._config, member.inbox.ledger
        plan = Plan(config.run_id, config.seed, self._workload, config.users, config.source_bucket)
        lines = last_words(
            islice(plan.arrivals(), member.shard, None, self._place.workers),
            ledger.path,
            starts_at=starts_at,
            seen_at=clock.now() - (time.monotonic() - member.heard_at),
            until=self._stopped_at if self._went_to_its_end else min(self._stopped_at, clock.now()),
        )
        member.state = State.DONE  # unless something is missing
        for number, line in enumerate(lines):
            member.state = State.LOST
            ledger.write(line)
            if number % _BREATH_LINES == 0:
                gevent.sleep(0)
                self._keep(ledger)
        self._keep(ledger)

    def _keep(self, ledger: LedgerWriter) -> None:
        try:
            ledger.flush()
        except (DiskFullError, OSError) as exc:
            self._reception.ledger_error = self._reception.ledger_error or exc

    def _close(self) -> None:
        for member in self._reception.members.values():
            if member.inbox is not None:
                try:
                    member.inbox.ledger.close()
                except (DiskFullError, OSError) as exc:
                    self._reception.ledger_error = self._reception.ledger_error or exc
        if self._reception.ledger_error is not None:
            raise self._reception.ledger_error

    def _look_after_parent(self) -> None:
        orphaned = self._config.stop_with_parent and os.getppid() != self._parent
        if orphaned and not self._stopping.is_set():
            self.stop("parent_gone")

    def _raise_failures(self) -> None:
        for member in self._reception.members.values():
            if member.failure is not None:
                code, message = member.failure
                kind = UsageError if code == ExitCode.USAGE else EnvironmentNotReadyError
                raise kind(f"load worker {member.name} on {member.host}: {message}")

    def _announce(self) -> None:
        told = {
            "host": self._place.host,
            "port": self._runner.server.port,
            "expected": self._place.workers,
            "workers": [
                member.told()
                for member in sorted(self._reception.members.values(), key=lambda member: member.shard)
            ],
        }
        if told == self._announced:
            return
        with contextlib.suppress(OSError):  # no room: the ledger will tell, and matters more
            replace_json(self._config.ledger_dir / MASTER_FILE, told)
            self._announced = told


def _listening(environment: Environment, place: MasterConfig) -> MasterRunner:
    try:
        return environment.create_master_runner(place.host, place.port)
    except SystemExit as exc:  # which is how Locust says it
        raise _taken(place) from exc
    except RPCError as exc:
        if isinstance(exc.__context__, zmq.ZMQError) and exc.__context__.errno == errno.EADDRINUSE:
            raise _taken(place) from exc
        raise UsageError(
            f"load workers cannot be listened for on {place.host}:{place.port}: {exc}",
            hint="--master-bind-host is an address of this machine",
        ) from exc


def _taken(place: MasterConfig) -> PortInUseError:
    return PortInUseError(
        f"port {place.port} on {place.host}, for load workers, is taken by another process",
        hint="choose another --master-bind-port",
    )
