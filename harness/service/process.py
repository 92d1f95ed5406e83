"""The frame of the service's process."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Sequence

import gevent
from gevent.event import Event as Flag

from harness import programs
from harness.exit_codes import ExitCode
from harness.service.config import ServiceConfig
from harness.service.lobby import Lobby
from harness.service.runs import Runs
from harness.service.ui import ServiceUi
from harness.service.voice import say

_LOOK_S = 0.5


def main(arguments: Sequence[str], early_signals: Sequence[int] = ()) -> ExitCode:
    """Serve until told to end; what was told while this module was imported counts, too."""
    return programs.run(
        "python -m harness.service SERVICECONFIG.json",
        arguments,
        lambda path: _serve(
            programs.read_config(path, ServiceConfig, "the service's configuration"), early_signals
        ),
    )


def _serve(config: ServiceConfig, early_signals: Sequence[int]) -> None:
    logging.getLogger("locust").setLevel(logging.ERROR)
    lobby: Lobby | None = None
    runs = Runs(config, workers=lambda: lobby.call() if lobby else 0)
    lobby = Lobby(config.lobby, lambda: runs.current) if config.lobby else None
    ui = ServiceUi(config, runs, workers=lambda: lobby.present() if lobby else 0)
    ending = _Ending(runs)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, ending.asked)
    for _ in early_signals:
        ending.asked()
    ui.start()
    if lobby is not None:
        say(f"load workers: {lobby.place}")
    say(f"web UI: {ui.url}/")
    ending.wait()
    runs.close()
    ui.stop()
    if lobby is not None:
        lobby.close()


class _Ending:
    """When the service ends: asked to, or when the process that started it has died."""

    def __init__(self, runs: Runs) -> None:
        self._runs, self._begun, self._times = runs, Flag(), 0
        self._parent = os.getppid()

    def asked(self) -> None:
        """The first time, the run that goes on is settled and reported; the second time it ends at once."""
        self._times += 1
        if self._times == 1:
            if self._runs.current is not None:
                say("ending: the run that goes on is stopped, settled and reported first")
            self._begun.set()
        elif self._times == 2:
            self._runs.interrupt()
        else:
            self._runs.kill()

    def wait(self) -> None:
        while not self._begun.is_set() and os.getppid() == self._parent:
            self._begun.wait(_LOOK_S)
