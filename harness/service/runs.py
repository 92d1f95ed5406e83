"""The runs of the service, one after the other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import gevent
from gevent.lock import BoundedSemaphore

from harness import clock
from harness.exceptions import EnvironmentNotReadyError, UsageError
from harness.service import past_runs
from harness.service.config import ServiceConfig
from harness.service.one_run import OneRun
from harness.service.past_runs import PastRun
from harness.service.request import RunRequest

_LOOK_S = 0.1
_KEPT = 200
"""Runs that are told of; the folders of older ones stay."""
NO_REPORT = "none"
"""Verdict of a run that ended without a report."""
_WORKERS_WITHIN_S = 60
"""How long those that were there a moment ago may take to come."""


class BusyError(UsageError):
    """A run goes on already."""


class Runs:
    """Starts runs and remembers them.

    :param workers: called when a run begins: how many load workers are there for it
    :param begin: begins one, as `OneRun.start` does
    """

    def __init__(
        self,
        config: ServiceConfig,
        workers: Callable[[], int] = lambda: 0,
        begin: Callable[..., OneRun] = OneRun.start,
    ) -> None:
        self._config, self._workers, self._begin = config, workers, begin
        self._runs: list[OneRun] = []
        self._past = past_runs.find(config.reports, _KEPT)
        self._forgotten: Counter[str] = Counter()
        self._closing = False
        self._beginning = BoundedSemaphore()
        """Held while a run begins, during which others may ask for one."""

    @property
    def latest(self) -> OneRun | None:
        """The last one that this service began."""
        return self._runs[-1] if self._runs else None

    @property
    def current(self) -> OneRun | None:
        """The run that goes on."""
        return self.latest if self.latest is not None and self.latest.goes_on else None

    def all(self) -> list[OneRun | PastRun]:
        """Return those that are remembered, newest first, with those of earlier services."""
        found: list[OneRun | PastRun] = [*self._runs[::-1], *self._past]
        return found[:_KEPT]

    def named(self, name: str) -> OneRun | PastRun | None:
        return next((run for run in self.all() if run.name == name), None)

    def start(self, request: RunRequest) -> OneRun:
        """Start a run.

        :raises BusyError: another goes on
        :raises EnvironmentNotReadyError: the service is about to end
        """
        with self._beginning:
            if self._closing:
                raise EnvironmentNotReadyError("the service is about to end")
            if (current := self.current) is not None:
                raise BusyError(f"the run {current.name} goes on", hint="stop it, or wait for its end")
            return self._start(request)

    def verdicts(self) -> Counter[str]:
        """Return how many runs have ended with each verdict, since the service began."""
        return self._forgotten + Counter(run.verdict or NO_REPORT for run in self._runs if not run.goes_on)

    def stop(self) -> None:
        """End the load of the run that goes on; asked again, do not wait for its files either."""
        if (current := self.current) is not None:
            current.end_load()

    def interrupt(self) -> None:
        """End the run that goes on as Ctrl-C does."""
        if (current := self.current) is not None:
            current.ask_to_stop()

    def close(self) -> None:
        """Start nothing more, end the run that goes on, and return when it is over."""
        with self._beginning:
            self._closing = True
        self.interrupt()
        while self.current is not None:
            gevent.sleep(_LOOK_S)

    def kill(self) -> None:
        """End the run that goes on at once, and with it everything that it started itself."""
        if (current := self.current) is not None:
            current.kill()

    def _start(self, request: RunRequest) -> OneRun:
        name = self._new_name(request.scenario)
        folder, workers = self._config.reports / name, self._workers()
        options = [self._config.scenarios[request.scenario], *request.options(), f"--out={folder}"]
        run = self._begin(name, request, folder, workers, [*options, *self._layout(workers)])
        self._runs.append(run)
        for forgotten in self._runs[:-_KEPT]:
            self._forgotten[forgotten.verdict or NO_REPORT] += 1
        self._runs = self._runs[-_KEPT:]
        return run

    def _layout(self, workers: int) -> list[str]:
        """Return the options about the processes of the load, and the stack."""
        layout = ["--web-ui", "--web-host=127.0.0.1", "--web-port=0"]
        if self._config.stack is not None:
            layout.append(f"--name={self._config.stack}")
        if workers and (lobby := self._config.lobby) is not None:
            layout += [
                "--master",
                f"--expect-workers={workers}",
                f"--expect-workers-max-wait={_WORKERS_WITHIN_S}",
                f"--master-bind-host={lobby.host}",
                f"--master-bind-port={lobby.run_port}",
            ]
        return layout

    def _new_name(self, scenario: str) -> str:
        """Return a name that no folder has: scenario and time."""
        while True:
            at = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
            name = f"{scenario}-{at}"
            if self.named(name) is None and not (self._config.reports / name).exists():
                return name
            time.sleep(_LOOK_S)
