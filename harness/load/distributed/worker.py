"""A load process that does a part of a master's schedule, on any machine."""

from __future__ import annotations

import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import gevent
import locust
from gevent.event import Event as Flag
from gevent.pool import Group
from locust.env import Environment
from locust.runners import WorkerRunner

from harness import clock, programs
from harness.exceptions import EnvironmentNotReadyError, FloodgateError
from harness.exit_codes import ExitCode
from harness.load import catalogue
from harness.load.catalogue import Scenario
from harness.load.config import LoadConfig, WorkerConfig
from harness.load.crew import user_classes, users_of_part
from harness.load.distributed.hosts import master_host
from harness.load.distributed.job import forget_keys, unpack
from harness.load.distributed.link import SILENT_S, MasterLink, RefusedError, StoppedError
from harness.load.distributed.security import secure_sockets
from harness.load.distributed.shipping import Outbox
from harness.load.distributed.token import TOKEN_ENV, token_of_environment
from harness.load.ledger_format import EndReason
from harness.load.process import quiet_logs
from harness.load.run import LoadRun

_LOOK_S = 1.0
_AT_ONCE = 2
"""So many words to stop mean that uploads are not waited for either."""
_PATIENCE_S = 15.0
"""How long the end of the ledger may wait for a master that says nothing."""


def main(arguments: Sequence[str], early_signals: Sequence[int] = ()) -> ExitCode:
    """Work for one master, from its job to its end."""
    return programs.run(
        "python -m harness.load.distributed WORKERCONFIG.json",
        arguments,
        lambda path: _run(
            programs.read_config(path, WorkerConfig, "the worker's configuration"), early_signals
        ),
    )


def _run(config: WorkerConfig, early_signals: Sequence[int]) -> None:
    secure_sockets(token_of_environment())
    with tempfile.TemporaryDirectory(prefix="floodgate-worker-") as folder:
        quiet_logs(Path(folder))
        worker = Worker(config, Path(folder))
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, worker.stop, "signal")
        if early_signals:
            worker.stop("signal")
        worker.execute()


class Worker:
    """One worker of a master.

    :param folder: private, for files of the job
    :raises EnvironmentNotReadyError: there is no master, or it does not know the token
    :raises UsageError: the master's host is no name and no address
    """

    def __init__(self, config: WorkerConfig, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._load: LoadRun | None = None
        self._told = 0
        self._environment = Environment(events=locust.events)
        self._runner = self._connected()
        self._outbox = Outbox(
            lambda parcel: self._link.send_lines(parcel), gevent.sleep, patience_s=_PATIENCE_S
        )
        self._link = MasterLink(self._runner, self._outbox.kept, self._stop_as_told, self._refused)

    def execute(self) -> None:
        """Do the job.

        :raises FloodgateError: it cannot be done, or the master was lost
        """
        try:
            self._load = self._prepared()
            watcher = gevent.spawn(self._watch_master)
            self._load.execute()
            watcher.kill()
            self._link.say_goodbye(SILENT_S)
        except StoppedError:
            _tell("stopped before there was anything to do")
        self._environment.events.quitting.fire(environment=self._environment, reverse=True)

    def stop(self, reason: EndReason) -> None:
        """Offer nothing more; asked a second time, do not wait for running uploads either."""
        if reason == "signal" and self._told == 0:  # by its own user, who does not wait for the other workers
            self._link.stopping.set()
        if self._load is not None:
            self._load.stop(reason)

    def _connected(self) -> WorkerRunner:
        host, port = self._config.master_host, self._config.master_port
        _tell(f"looking for the master at {host}:{port}")
        with master_host(host), gevent.Timeout(self._config.wait_s, False):
            return self._environment.create_worker_runner(host, port)
        raise EnvironmentNotReadyError(
            f"no master answered at {host}:{port} within {self._config.wait_s:.0f} s",
            hint=f"start it with --master, and give both the same {TOKEN_ENV}",
        )

    def _prepared(self) -> LoadRun:
        job = self._link.join(self._config.wait_s)
        offset = self._link.measure_clock(self._config.wait_s)
        clock.follow(offset.correction_s)
        try:
            config = unpack(job, self._folder, self._config.master_host)
            config = config.model_copy(
                update={
                    "stop_with_parent": self._config.stop_with_parent,
                    "clock_ahead_s": offset.correction_s,
                    "clock_error_s": offset.error_s,
                }
            )
            scenario = catalogue.load(Path(config.scenario))
            load = self._load_run(config, scenario)
            forget_keys(config, self._folder)
            return load
        except FloodgateError as exc:
            self._link.fail(exc)
            raise

    def _load_run(self, config: LoadConfig, scenario: Scenario) -> LoadRun:
        self._environment.user_classes = user_classes(scenario)
        _tell(f"part {config.shard + 1} of {config.shards} of run {config.run_id}: {scenario.name}")
        workload = config.workload or scenario.workload
        crew = _WorkerCrew(self._runner, self._link, config.shard, config.shards)
        return LoadRun(config, scenario, workload, self._outbox, crew)

    def _stop_as_told(self, stops: int, reason: str) -> None:
        while self._told < stops:
            self._told += 1
            self.stop(cast(EndReason, reason))

    def _refused(self, error: RefusedError) -> None:
        """Given up as lost: what this worker goes on to do would stand in nobody's books."""
        self._outbox.refused(error)
        if self._load is not None:
            self._stop_as_told(_AT_ONCE, "master_gone")

    def _watch_master(self) -> None:
        while not self._link.master_is_silent():
            gevent.sleep(_LOOK_S)
        logging.getLogger(__name__).error("the master has been silent for %.0f s", SILENT_S)
        self._stop_as_told(_AT_ONCE, "master_gone")


class _WorkerCrew:
    """This worker's users, who stay with it.

    Locust's master would share them out among all that are connected, whenever somebody comes, goes or is
    silent for a moment: it would take users away in the middle of their uploads, and give them to a worker
    that this run does not want.
    """

    def __init__(self, runner: WorkerRunner, link: MasterLink, part: int, parts: int) -> None:
        self._runner, self._link, self._part, self._parts = runner, link, part, parts
        self.environment: Environment = runner.environment

    @property
    def hands(self) -> Group:
        return self._runner.user_greenlets

    def muster(self, users: int, stopping: Flag) -> float:
        environment = self.environment
        environment.events.init.fire(environment=environment, runner=self._runner, web_ui=None)
        environment.events.test_start.fire(environment=environment)
        self._runner.start_worker(users_of_part(environment.user_classes, users, self._part, self._parts))
        asked = gevent.spawn(self._link.wait_for_start)
        gevent.wait([asked, stopping], count=1)
        if not asked.ready():
            asked.kill()
            raise StoppedError
        starts_at: float = asked.get()
        return starts_at

    def dismiss(self) -> None:
        self._runner.stop()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
